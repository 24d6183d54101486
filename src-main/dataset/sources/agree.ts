import { rename } from 'node:fs/promises'
import { basename } from 'node:path'
import { GraftError } from '../../contract/errors'
import { describeFile } from '../check'
import { identifier, literal, parquetSource, type Duck } from '../duckdb'
import { parquetOptions } from '../write'

/** A part as typed Parquet, and the file that it came from, for messages. */
export interface WrittenPart {
  path: string
  file: string
}

/**
 * Makes parts that came from files of their own agree on the types of their columns. Whole numbers become fractions or
 * text where another part has those; a part without a value takes the other's type.
 * @throws GraftError `invalid-data` where columns or types differ otherwise, naming file and column
 */
export async function agreeOnTypes(duck: Duck, parts: readonly WrittenPart[]): Promise<void> {
  const [first, ...others] = parts
  if (!first || others.length === 0) return
  const types = new Map<WrittenPart, Map<string, string>>()
  for (const part of parts) types.set(part, await describeFile(duck, part.path))
  const wanted = new Map(types.get(first))
  for (const part of others) await compare(duck, first, part, wanted, types.get(part) ?? new Map())
  for (const part of parts) {
    const found = types.get(part) ?? new Map<string, string>()
    if ([...found].every(([name, type]) => wanted.get(name) === type)) continue
    const cast = [...found.keys()].map(
      (name) => `${identifier(name)}::${wanted.get(name) ?? ''} AS ${identifier(name)}`,
    )
    const temporary = `${part.path}.cast`
    await duck.run(
      `COPY (SELECT ${cast.join(', ')} FROM ${parquetSource([part.path])}) TO ${literal(temporary)} (${parquetOptions})`,
    )
    await rename(temporary, part.path)
  }
}

/** Widens `wanted` by what a part holds. */
async function compare(
  duck: Duck,
  first: WrittenPart,
  part: WrittenPart,
  wanted: Map<string, string>,
  found: ReadonlyMap<string, string>,
): Promise<void> {
  const differ = (where: WrittenPart, other: WrittenPart, column: string): GraftError =>
    new GraftError(
      'invalid-data',
      `${where.file} has no column ${column}, which ${basename(other.file)} has.`,
      'The parts of a dataset have the same columns. Rows without a target are for predict.',
      { file: where.file, column },
    )
  for (const name of found.keys()) if (!wanted.has(name)) throw differ(first, part, name)
  for (const [name, before] of wanted) {
    const type = found.get(name)
    if (type === undefined) throw differ(part, first, name)
    if (type === before) continue
    // A column without a value has no type of its own.
    if (await isEmpty(duck, part.path, name)) continue
    if (await isEmpty(duck, first.path, name)) {
      wanted.set(name, type)
      continue
    }
    const wider = widest(before, type)
    if (wider !== null) wanted.set(name, wider)
    else
      throw new GraftError(
        'invalid-data',
        `${part.file}, column ${name}: it holds ${inWords(type)} where ${basename(first.file)} holds ${inWords(before)}.`,
        'Correct the values, or import the files as one table and split it by a column.',
        { file: part.file, column: name },
      )
  }
}

/** The type that holds values of both as they were spelled; null where there is none. */
function widest(one: string, other: string): string | null {
  const isList = one.endsWith('[]')
  if (isList !== other.endsWith('[]')) return null
  const plain = [one, other].map((type) => type.replace('[]', ''))
  if (!plain.includes('BIGINT')) return null
  const type = plain.find((candidate) => candidate === 'DOUBLE' || candidate === 'VARCHAR')
  return type === undefined ? null : `${type}${isList ? '[]' : ''}`
}

async function isEmpty(duck: Duck, path: string, column: string): Promise<boolean> {
  const [found] = await duck.all(
    `SELECT count(${identifier(column)})::DOUBLE AS n FROM ${parquetSource([path])}`,
  )
  return Number(found?.n ?? 0) === 0
}

const words: Record<string, string> = {
  BIGINT: 'whole numbers',
  DOUBLE: 'fractions',
  BOOLEAN: 'true and false',
  TIMESTAMP: 'times',
  VARCHAR: 'text',
}

function inWords(type: string): string {
  const plain = words[type.replace('[]', '')] ?? type
  return type.endsWith('[]') ? `lists of ${plain}` : plain
}

/** What to tell of Parquet files that do not all have the same columns: rows lack what their file lacks. */
export async function missingColumns(
  duck: Duck,
  files: readonly string[],
  columns: readonly string[],
): Promise<string[]> {
  if (files.length < 2) return []
  const found = await duck.all(
    `SELECT name, count(DISTINCT file_name) AS n FROM parquet_schema([${files.map(literal).join(', ')}]) GROUP BY 1`,
  )
  const counts = new Map(found.map(({ name, n }) => [String(name), Number(n)]))
  return columns.flatMap((name) => {
    const n = counts.get(name)
    return n === undefined || n === files.length
      ? []
      : [`${files.length - n} of ${files.length} files have no column ${name}: it is missing in their rows`]
  })
}
