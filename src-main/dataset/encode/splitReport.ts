import { join } from 'node:path'
import type { SplitReport, TablesSource } from '../../contract/tables'
import { hasTag, type Schema } from '../../schema'
import { identifier, parquetSource, type Duck } from '../duckdb'
import { exactMean } from '../exactSums'
import { parquetFiles, partNames, type PartName } from '../files'
import { vocabularyTable, type HeldOutIds, type HeldOutValues } from './vocabularies'
import { hasIds, isUnknown, type FittedEncoding, type IdColumn } from './fitted'
import { namedItems } from './lists'

const idTags = ['user_id', 'item_id', 'session_id'] as const

export interface SplitFacts {
  encoding: FittedEncoding
  settings: TablesSource['encoding']
  schema: Schema
  /** The folder of the dataset that is being made, with its encoded parts. */
  folder: string
  rows: Readonly<Record<PartName, number>>
  /** What is known of the values in the held-out parts already. */
  heldOut: HeldOutIds
  /** Raw columns of which it is known that no value is missing. */
  complete: ReadonlySet<string>
}

/** Compares the encoded parts, while the view `graft_rows` and the vocabularies are there. */
export async function reportSplit(duck: Duck, facts: SplitFacts): Promise<SplitReport> {
  const { encoding, rows } = facts
  const targets = encoding.columns.filter(({ kind }) => kind === 'target').map(({ column }) => column)
  const kept = targets.map((name) => `${identifier(name)} IS NOT NULL`).join(' AND ') || 'true'
  const categorical = encoding.columns.filter(hasIds)
  const present = partNames.filter((part) => rows[part] > 0)
  const held = present.filter((part) => part !== 'train')
  const parts: SplitReport['parts'] = []
  const ids: SplitReport['ids'] = []
  const gaps = held.length > 0 ? categorical.filter(({ column }) => !facts.complete.has(column)) : []
  const missing = await countMissing(duck, gaps, kept)
  const looked = new Map<string, HeldOutParts>()
  for (const column of held.length > 0 ? categorical : []) {
    if (!isLookedInto(column, facts)) continue
    const known = column.kind === 'categorical' ? facts.heldOut.get(column.column) : undefined
    looked.set(column.column, known ?? (await lookInto(duck, column, facts, kept)))
  }
  for (const part of present) {
    const zeros = part === 'train' ? [] : categorical
    const found = await encodedFacts(
      duck,
      await parquetFiles(join(facts.folder, 'encoded', part)),
      targets[0] ?? null,
      zeros,
    )
    parts.push({ part, rows: rows[part], targetRate: found.rate })
    if (part === 'train') continue
    categorical.forEach(({ kind, column, nullId }, i) => {
      const missingRows = missing.get(`${part} ${column}`) ?? 0
      const own = looked.get(column)
      const other = own?.[part === 'test' ? 'test' : 'validation']
      // Id 0 is what training does not have, and missing values where they have no id of their own; missing lists are empty.
      const asUnknown = kind === 'categorical' && nullId === 0 ? missingRows : 0
      const unknown = (found.zeros[i] ?? 0) - asUnknown
      ids.push({
        column,
        part,
        distinct: own ? (other?.distinct ?? 0) : null,
        known: own ? (other?.known ?? 0) : null,
        unseenRows: own ? (other?.unseenRows ?? 0) : unknown,
        missingRows,
      })
    })
  }
  return { parts, ids }
}

/** Rows of each part without a value, by `<part> <column>`; rows without a target were left out. */
async function countMissing(
  duck: Duck,
  columns: readonly IdColumn[],
  kept: string,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  if (columns.length === 0) return counts
  const select = columns.map(
    ({ column }, i) => `(count(*) FILTER (WHERE ${identifier(column)} IS NULL))::DOUBLE AS n${i}`,
  )
  const found = await duck.all(
    `SELECT graft_part, ${select.join(', ')} FROM graft_rows WHERE ${kept} GROUP BY graft_part`,
  )
  for (const row of found)
    columns.forEach(({ column }, i) =>
      counts.set(`${partNames[Number(row.graft_part)]} ${column}`, Number(row[`n${i}`] ?? 0)),
    )
  return counts
}

/** Mean target and rows of id 0, or with it in their list, of an encoded part. */
async function encodedFacts(
  duck: Duck,
  paths: readonly string[],
  target: string | null,
  columns: readonly IdColumn[],
): Promise<{ rate: number | null; zeros: number[] }> {
  const select = columns.map((column, i) => `(count(*) FILTER (WHERE ${isUnknown(column)}))::DOUBLE AS z${i}`)
  const from = parquetSource(paths)
  const rate = target === null ? null : await exactMean(duck, from, identifier(target))
  const [found] = select.length === 0 ? [] : await duck.all(`SELECT ${select.join(', ')} FROM ${from}`)
  return {
    rate,
    zeros: columns.map((_, i) => Number(found?.[`z${i}`] ?? 0)),
  }
}

/** Ids are told apart one by one; so are values that have no number of their own: hashed, rare or beyond the largest size. */
function isLookedInto({ kind, column, hashed }: IdColumn, { settings, schema }: SplitFacts): boolean {
  if (kind === 'items') return false
  const tags = schema.columns.find(({ name }) => name === column)?.tags ?? []
  return hashed || isCut(settings[column]) || idTags.some((tag) => hasTag(tags, tag))
}

function isCut(setting: TablesSource['encoding'][string] | undefined): boolean {
  return setting?.kind === 'categorical' && (setting.minCount > 1 || setting.maxSize !== null)
}

/** Of held-out parts, those that have values. */
type HeldOutParts = Partial<Record<'validation' | 'test', HeldOutValues>>

async function lookInto(
  duck: Duck,
  { column, domain, hashed }: IdColumn,
  { encoding, settings }: SplitFacts,
  kept: string,
): Promise<HeldOutParts> {
  const sharers = encoding.columns.filter(hasIds).filter((one) => one.domain === domain)
  const values = sharers.map((one) => {
    const value =
      one.kind === 'items'
        ? `unnest(${namedItems(one.column, one.separator)})`
        : `${identifier(one.column)}::VARCHAR`
    return `SELECT ${value} AS value FROM graft_rows WHERE graft_part = 0`
  })
  const trained = hashed || isCut(settings[column]) ? `(${values.join(' UNION ')})` : vocabularyTable(domain)
  const held = `SELECT graft_part, ${identifier(column)}::VARCHAR AS value, count(*) AS n FROM graft_rows WHERE graft_part > 0 AND ${kept} GROUP BY ALL`
  const found = await duck.all(
    `SELECT graft_part, count(*)::DOUBLE AS distinct_values, count(t.value)::DOUBLE AS known, coalesce(sum(n) FILTER (WHERE t.value IS NULL), 0)::DOUBLE AS unseen FROM (${held}) h LEFT JOIN (SELECT DISTINCT value FROM ${trained} s) t ON h.value = t.value WHERE h.value IS NOT NULL GROUP BY graft_part`,
  )
  const of = (part: PartName): HeldOutValues | undefined => {
    const row = found.find(({ graft_part }) => partNames[Number(graft_part)] === part)
    return (
      row && {
        distinct: Number(row.distinct_values),
        known: Number(row.known),
        unseenRows: Number(row.unseen),
      }
    )
  }
  return { validation: of('validation'), test: of('test') }
}

/** Shares of rows with a value that training does not have, where there are any. */
export function unseenShares({
  parts,
  ids,
}: SplitReport): { column: string; part: PartName; share: number }[] {
  return ids.flatMap(({ column, part, unseenRows }) => {
    const rows = parts.find((one) => one.part === part)?.rows ?? 0
    return unseenRows > 0 && rows > 0 ? [{ column, part, share: unseenRows / rows }] : []
  })
}
