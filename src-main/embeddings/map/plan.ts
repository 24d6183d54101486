import { z } from 'zod'
import { mapMethod } from '../../contract/maps'
import { neighborMetric } from '../../contract/vectors'

/** What map of which table: plain data, so that it crosses to another process. */
export const mapPlan = z.object({
  /** A file of vectors and the array in it. */
  path: z.string(),
  array: z.string(),
  method: mapMethod,
  /** What near means to UMAP: `cosine` looks at directions alone. */
  metric: neighborMetric,
  /** UMAP's number of neighbours. */
  neighbors: z.int().min(2).max(200),
})
export type MapPlan = z.infer<typeof mapPlan>

/** A table's rows in two dimensions. */
export const mappedTable = z.object({
  rows: z.int(),
  /** Little-endian float32: x0, y0, x1, …, one pair for each drawn row. */
  points: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  /** How many rows the axes or the layout were found from. */
  fitted: z.int(),
  /** Of PCA: the share of the variance along each axis. */
  shares: z.tuple([z.number(), z.number()]).nullable(),
})
export type MappedTable = z.infer<typeof mappedTable>
