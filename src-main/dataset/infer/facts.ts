import { identifier, type Duck } from '../duckdb'
import type { RawColumn } from '../sources/types'

/** What the rules of inference look at. Counts are of rows, but `distinct`, which is an estimate within a few percent. */
export interface ColumnFacts {
  column: RawColumn
  rows: number
  missing: number
  distinct: number
  /** Of numbers (truth values as 0 and 1); null for text. */
  min: number | null
  max: number | null
  mean: number | null
  median: number | null
  /** Of text: mean number of words, and the share of values with each separator. */
  words: number
  separators: Record<Separator, number>
  /** Of lists: the items of the shortest and of the longest. */
  lengths: { min: number; max: number } | null
  /** Of text with a separator: how many different items there are, for the separator that is in most values. */
  items: number | null
}

export const separators = ['|', ';', ','] as const
export type Separator = (typeof separators)[number]

const probed = 100

/** @param from a FROM clause with these columns */
export async function gatherFacts(
  duck: Duck,
  from: string,
  rows: number,
  columns: readonly RawColumn[],
): Promise<ColumnFacts[]> {
  const facts: ColumnFacts[] = []
  for (let first = 0; first < columns.length; first += probed) {
    const slice = columns.slice(first, first + probed)
    const select = slice.flatMap(({ name, type, isList }, i) => {
      const x = identifier(name)
      const base = [`count(${x})::DOUBLE AS n${i}`, `approx_count_distinct(${x})::DOUBLE AS d${i}`]
      if (isList) return [...base, `min(len(${x}))::DOUBLE AS l${i}`, `max(len(${x}))::DOUBLE AS g${i}`]
      if (type === 'TIMESTAMP') return base
      if (type === 'VARCHAR')
        return [
          ...base,
          `avg(len(string_split(trim(${x}), ' ')))::DOUBLE AS w${i}`,
          ...separators.map((mark, s) => `avg(contains(${x}, '${mark}')::INT)::DOUBLE AS s${i}_${s}`),
        ]
      const number = `CASE WHEN isfinite(${x}::DOUBLE) THEN ${x}::DOUBLE END`
      return [
        ...base,
        `min(${number}) AS a${i}`,
        `max(${number}) AS z${i}`,
        `avg(${number}) AS m${i}`,
        `approx_quantile(${number}, 0.5)::DOUBLE AS q${i}`,
      ]
    })
    const [found = {}] = await duck.all(`SELECT ${select.join(', ')} FROM ${from}`)
    for (const [i, column] of slice.entries()) {
      const number = (key: string): number | null => {
        const value = found[`${key}${i}`]
        return value === null || value === undefined ? null : Number(value)
      }
      const share = (s: number): number => Number(found[`s${i}_${s}`] ?? 0)
      const shares = { '|': share(0), ';': share(1), ',': share(2) }
      const [best] = [...separators].sort((a, b) => shares[b] - shares[a])
      facts.push({
        column,
        rows,
        missing: rows - (number('n') ?? 0),
        distinct: number('d') ?? 0,
        min: number('a'),
        max: number('z'),
        mean: number('m'),
        median: number('q'),
        words: number('w') ?? 0,
        separators: shares,
        lengths: column.isList ? { min: number('l') ?? 0, max: number('g') ?? 0 } : null,
        items: best && shares[best] > 0.05 ? await countItems(duck, from, column.name, best) : null,
      })
    }
  }
  return facts
}

async function countItems(duck: Duck, from: string, name: string, separator: string): Promise<number> {
  const [found] = await duck.all(
    `SELECT approx_count_distinct(item)::DOUBLE AS n FROM (SELECT trim(unnest(string_split(${identifier(name)}, '${separator}'))) AS item FROM ${from})`,
  )
  return Number(found?.n ?? 0)
}
