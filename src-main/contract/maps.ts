import { z } from 'zod'
import { histogram, neighborMetric } from './vectors'

/** How the rows of an embedding table are seen: maps, colours, searches, drift. */

/** A table at one moment: as it is attached (`run` null), or as a run found it or left it. */
export const tableVersion = z.object({
  /** Id of an attached table, or the vocabulary's name of one that starts at random. */
  table: z.string().min(1),
  run: z.string().min(1).nullable().default(null),
  moment: z.enum(['before', 'after']).default('after'),
})
export type TableVersion = z.infer<typeof tableVersion>

export const mapMethod = z.enum(['pca', 'umap'])
export type MapMethod = z.infer<typeof mapMethod>

/** Points of a map at most; of a larger table every n-th row is drawn. */
export const mostPoints = 1_000_000

/** The row that a point stands for; row 0, unknown, is no point. @param rows of the table, unknown included */
export function rowOfPoint(rows: number, point: number): number {
  const ids = rows - 1
  return ids <= mostPoints ? point + 1 : 1 + Math.floor((point * ids) / mostPoints)
}

/** The point that stands for a row, or −1 where it is not drawn. */
export function pointOfRow(rows: number, row: number): number {
  const ids = rows - 1
  if (row < 1 || row > ids) return -1
  if (ids <= mostPoints) return row - 1
  const point = Math.ceil(((row - 1) * mostPoints) / ids)
  return rowOfPoint(rows, point) === row ? point : -1
}

/** A map that is there; its points are asked for in pieces. */
export const tableMap = z.object({
  id: z.string(),
  method: mapMethod,
  metric: neighborMetric,
  rows: z.int(),
  points: z.int(),
  /** How many rows the axes or the layout were found from. */
  fitted: z.int(),
  /** Of PCA: the share of the variance along each axis. */
  shares: z.tuple([z.number(), z.number()]).nullable(),
})
export type TableMap = z.infer<typeof tableMap>

/** Points of a map that are sent at a time, so that taking them in stays short. */
export const pointsAtOnce = 200_000

/** Numbers as base64 of their little-endian bytes: a tenth of what they would be as JSON, and as quick to read. */
export const packed = z.string()

/** Labels that are sent at a time. */
export const mostLabels = 10_000

/** By what points are coloured. */
export const mapColor = z.discriminatedUnion('by', [
  z.object({ by: z.literal('norm') }),
  z.object({ by: z.literal('count') }),
  /** How far each row moved from one version to another. */
  z.object({ by: z.literal('drift'), from: tableVersion, to: tableVersion }),
  z.object({ by: z.literal('column'), column: z.string().min(1) }),
])
export type MapColor = z.infer<typeof mapColor>

/** Categories that have a colour of their own; all others share one. */
export const mostCategories = 7

/** One byte a point, and what the bytes mean. */
export const mapColors = z.object({
  /** uint8 a point: a category's place, or a number's place from 0 (low) to 254 (high); 255 is no value. */
  codes: packed,
  /** Points without a value. */
  missing: z.int(),
  legend: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('categories'),
      /** Most frequent first. A last one, `null`, stands for all others. */
      categories: z.array(z.object({ label: z.string().nullable(), points: z.int() })),
    }),
    z.object({
      kind: z.literal('numbers'),
      /** What the ends of the ramp stand for: the 1st and 99th percentile; what lies beyond has the end's colour. */
      low: z.number(),
      high: z.number(),
      min: z.number(),
      max: z.number(),
      /** Whether the ramp gives small values more room, as a logarithm does. */
      log: z.boolean(),
    }),
  ]),
})
export type MapColors = z.infer<typeof mapColors>

/** A column that says something of each id. */
export const idColumn = z.object({
  column: z.string(),
  /** `category`: an id's most frequent value; `number`: the mean of its values; `text`: a title. */
  kind: z.enum(['category', 'number', 'text']),
  /** Whether an id has one value wherever it occurs: a genre of a movie, and not its rating. */
  ofId: z.boolean(),
  distinct: z.int(),
})
export type IdColumn = z.infer<typeof idColumn>

export const idColumns = z.object({
  columns: z.array(idColumn),
  /** The column whose text best describes an id, if one does. */
  title: z.string().nullable(),
})
export type IdColumns = z.infer<typeof idColumns>

/** An id as a list shows it. */
export const idLabel = z.object({ row: z.int(), id: z.string(), title: z.string().nullable() })
export type IdLabel = z.infer<typeof idLabel>

/** How far rows moved from one version of a table to another. */
export const tableDrift = z.object({
  rows: z.int(),
  /** Rows that differ in any number. */
  moved: z.int(),
  mean: z.number(),
  max: z.number(),
  histogram,
  /** Furthest first. `distance` is the length of the difference, `similarity` the cosine of the two rows. */
  top: z.array(idLabel.extend({ distance: z.number(), similarity: z.number() })),
})
export type TableDrift = z.infer<typeof tableDrift>
