import { DuckDBBitValue } from '@duckdb/node-api'
import { GraftError } from '../../contract/errors'
import { identifier, literal, type Duck } from '../duckdb'
import { Random } from '../random'
import type { Shares, SplitSpec } from './spec'

/** Rows that one table may have: what a string of bits is looked up by is a signed integer of 32 bits. */
const mostRows = 2 ** 31 - 1

/** Which part each row belongs to. */
export interface Labels {
  /** In SQL: 0, 1 or 2. */
  readonly part: string
  /** The rows of each part, where labelling told them. */
  readonly counts: readonly [number, number, number] | null
}

const uncounted = (part: string): Labels => ({ part, counts: null })

/**
 * Chooses the part of every row.
 *
 * random: shares met exactly. time: the earliest rows train; rows of one instant stay together, rows without a time
 * train. group: all rows of a value go to one part, values in the order of a hash by the seed. leave-last-out: of each
 * user's rows the last is for the test and the one before it for validation; users with fewer than three rows train.
 * column: the column says it.
 * @param from a FROM clause that has `file_row_number`
 * @returns the part (0, 1, 2) in SQL, over the columns of `from`, and the rows of each where they are known already
 * @throws GraftError `unknown-column`, `invalid-data`
 */
export async function labelParts(
  duck: Duck,
  from: string,
  rows: number,
  columns: readonly string[],
  spec: SplitSpec,
  seed: number,
): Promise<Labels> {
  const need = (name: string): string => {
    if (columns.includes(name)) return identifier(name)
    throw new GraftError(
      'unknown-column',
      `The split names a column ${name}, which the table does not have.`,
      `Its columns are ${columns.slice(0, 12).join(', ')}.`,
      { column: name },
    )
  }
  const keep = (part: string, source: string): Promise<string> => keepLabels(duck, rows, part, source)
  switch (spec.kind) {
    case 'all':
      return { part: '0', counts: [rows, 0, 0] }
    case 'random': {
      const { part, counts } = await labelRandomly(duck, rows, spec.shares, seed)
      return { part: part('file_row_number'), counts }
    }
    case 'time':
      return uncounted(await byTime(duck, from, need(spec.column), spec.shares))
    case 'group':
      return uncounted(await labelGroups(from, rows, need(spec.column), spec.shares, seed, keep))
    case 'leave-last-out': {
      const user = need(spec.user)
      const order = spec.time === null ? '' : `${need(spec.time)} DESC NULLS LAST, `
      const part = await keep(
        `CASE WHEN n < 3 THEN 0 WHEN back = 1 THEN 2 WHEN back = 2 THEN 1 ELSE 0 END`,
        `(SELECT file_row_number, CASE WHEN ${user} IS NULL THEN 0 ELSE count(*) OVER (PARTITION BY ${user}) END AS n, row_number() OVER (PARTITION BY ${user} ORDER BY ${order}file_row_number DESC) AS back FROM ${from})`,
      )
      return uncounted(part)
    }
    case 'column':
      return uncounted(await labelByColumn(duck, from, spec.column, need(spec.column)))
  }
}

/** The two instants that part the rows; ties stay together, so the shares are met as nearly as the clock allows. */
async function byTime(duck: Duck, from: string, column: string, shares: Shares): Promise<string> {
  const [counted] = await duck.all(`SELECT count(${column})::DOUBLE AS n FROM ${from}`)
  const n = Number(counted?.n ?? 0)
  const cut = async (share: number): Promise<string | null> => {
    const place = Math.round(n * share)
    if (place >= n) return null
    const [row] = await duck.all(
      `SELECT ${column}::VARCHAR AS t, typeof(${column}) AS type FROM ${from} WHERE ${column} IS NOT NULL ORDER BY ${column} LIMIT 1 OFFSET ${place}`,
    )
    return row ? `${literal(String(row.t))}::${String(row.type)}` : null
  }
  const first = await cut(shares[0])
  const second = await cut(shares[0] + shares[1])
  const test = second === null ? '' : ` WHEN ${column} >= ${second} THEN 2`
  const validation = first === null ? '' : ` WHEN ${column} >= ${first} THEN 1`
  return test + validation === '' ? '0' : `CASE${test}${validation} ELSE 0 END`
}

async function labelGroups(
  from: string,
  rows: number,
  column: string,
  shares: Shares,
  seed: number,
  keep: (part: string, source: string) => Promise<string>,
): Promise<string> {
  // A group belongs where its middle row falls, when groups lie one after the other in the order of their hashes.
  const text = `coalesce(${column}::VARCHAR, '')`
  const groups = `SELECT ${text} AS g, count(*) AS n FROM ${from} GROUP BY 1`
  const placed = `SELECT g, (sum(n) OVER (ORDER BY md5(${literal(`${seed}:`)} || g), g) - n / 2.0) / ${rows} AS middle FROM (${groups})`
  const part = `CASE WHEN middle < ${shares[0]} THEN 0 WHEN middle < ${shares[0] + shares[1]} THEN 1 ELSE 2 END`
  return keep(
    part,
    `(SELECT s.file_row_number, p.middle FROM ${from} s JOIN (${placed}) p ON ${text.replace(column, `s.${column}`)} = p.g)`,
  )
}

async function labelByColumn(duck: Duck, from: string, name: string, column: string): Promise<string> {
  const text = `lower(trim(${column}::VARCHAR))`
  const part = `CASE WHEN ${text} IN ('train', 'training', '0') THEN 0 WHEN ${text} IN ('validation', 'valid', 'val', 'dev', '1') THEN 1 WHEN ${text} IN ('test', 'testing', 'eval', '2') THEN 2 END`
  const [other] = await duck.all(
    `SELECT ${column}::VARCHAR AS value, file_row_number AS r FROM ${from} WHERE (${part}) IS NULL ORDER BY r LIMIT 1`,
  )
  if (other)
    throw new GraftError(
      'invalid-data',
      `column ${name}, row ${Number(other.r)}: ${other.value === null ? 'no value' : String(other.value)} names no part.`,
      'The column says train, validation or test.',
      { column: name, row: Number(other.r) },
    )
  return part
}

/**
 * Deals rows to parts at random: shares are met exactly (to the nearest row), each row in order drawing its part with the
 * chances that the places left give it.
 * @returns rows of each part, and the part of a row in SQL by its number (from 0)
 */
export async function labelRandomly(
  duck: Duck,
  rows: number,
  shares: Shares,
  seed: number,
): Promise<{ counts: [number, number, number]; part: (row: string) => string }> {
  const train = Math.round(rows * shares[0])
  const validation = Math.min(rows - train, Math.round(rows * shares[1]))
  const counts: [number, number, number] = [train, validation, rows - train - validation]
  const left: [number, number, number] = [...counts]
  const random = new Random(seed, 'split')
  const labels = new PartLabels(rows)
  for (let row = 0; row < rows; row++) {
    const place = random.uniform() * (left[0] + left[1] + left[2])
    const part = place < left[0] ? 0 : place < left[0] + left[1] ? 1 : 2
    left[part] -= 1
    labels.set(row, part)
    // Lets the event loop breathe: this may run in the process that answers the window.
    if (row % 1_000_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return { counts, part: await labels.keep(duck) }
}

/** Keeps the parts that a query tells of rows that it numbers. */
async function keepLabels(duck: Duck, rows: number, part: string, source: string): Promise<string> {
  const labels = new PartLabels(rows)
  const sql = `SELECT file_row_number::INTEGER AS r, (${part})::INTEGER AS part FROM ${source} WHERE (${part}) <> 0`
  for await (const chunk of duck.chunks(sql)) {
    const [numbers = [], parts = []] = chunk.getColumns()
    numbers.forEach((row, i) => labels.set(Number(row), Number(parts[i])))
  }
  return (await labels.keep(duck))('file_row_number')
}

/** Rows of one string of bits: DuckDB copies all of it for every 2,048 rows that it is looked up for. */
const pieceRows = 2 ** 17
/** Beyond so many strings they grow instead: the statement names each of them. */
const mostPieces = 1024

/** A string of bits as DuckDB stores it. */
class Bits {
  private readonly bytes: Uint8Array
  /** Bits that fill the first byte; DuckDB tells their number in a byte before, and wants them set. */
  private readonly padding: number

  constructor(size: number) {
    this.padding = (8 - (size % 8)) % 8
    this.bytes = new Uint8Array(1 + Math.max(1, Math.ceil(size / 8)))
    this.bytes[0] = this.padding
    this.bytes[1] = (0xff << (8 - this.padding)) & 0xff
  }

  set(index: number): void {
    const at = index + this.padding
    const byte = 1 + (at >>> 3)
    this.bytes[byte] = (this.bytes[byte] ?? 0) | (0x80 >> (at & 7))
  }

  get value(): DuckDBBitValue {
    return new DuckDBBitValue(this.bytes)
  }
}

/**
 * The parts of rows as strings of bits, two for each piece of the table, which DuckDB looks up by the row's number on all
 * threads: a table beside the rows would have to be joined by position, which it does on one.
 */
class PartLabels {
  private readonly size: number
  private readonly pieces: { heldOut: Bits; tested: Bits }[] = []

  constructor(private readonly rows: number) {
    if (rows > mostRows)
      throw new GraftError(
        'out-of-memory',
        `${rows} rows are more than one table can be split into parts: ${mostRows}.`,
        'Import the parts as files of their own (--train, --validation, --test).',
      )
    this.size = Math.max(pieceRows, Math.ceil(rows / mostPieces))
    for (let first = 0; first < rows; first += this.size) {
      const length = Math.min(this.size, rows - first)
      this.pieces.push({ heldOut: new Bits(length), tested: new Bits(length) })
    }
  }

  /** A row that nothing is told of trains. @param part 0, 1 or 2 */
  set(row: number, part: number): void {
    if (part === 0) return
    const piece = Math.floor(row / this.size)
    const index = row - piece * this.size
    const of = this.pieces[piece]
    of?.heldOut.set(index)
    if (part === 2) of?.tested.set(index)
  }

  /** Gives the bits to the connection. @returns the part of a row, in SQL by its number */
  async keep(duck: Duck): Promise<(row: string) => string> {
    if (this.rows === 0) return () => '0'
    for (const [i, { heldOut, tested }] of this.pieces.entries()) {
      await duck.run(`SET VARIABLE graft_held_out_${i} = $1`, [heldOut.value])
      await duck.run(`SET VARIABLE graft_tested_${i} = $1`, [tested.value])
    }
    return (row) => this.lookUp(row, 0, this.pieces.length)
  }

  /** The part of a row of some pieces, in SQL: DuckDB evaluates only those branches that rows come to. */
  private lookUp(row: string, from: number, to: number): string {
    if (to - from > 1) {
      const middle = (from + to) >>> 1
      return `CASE WHEN ${row} < ${middle * this.size} THEN ${this.lookUp(row, from, middle)} ELSE ${this.lookUp(row, middle, to)} END`
    }
    const bit = (name: string): string =>
      `get_bit(getvariable('${name}_${from}'), (${row} - ${from * this.size})::INTEGER)`
    return `CASE WHEN ${bit('graft_held_out')} = 0 THEN 0 WHEN ${bit('graft_tested')} = 0 THEN 1 ELSE 2 END`
  }
}
