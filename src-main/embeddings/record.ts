import { z } from 'zod'
import { alignmentSettings, attachedTable, tableSource } from '../contract/document'
import { alignmentReport, tableStatistics } from '../contract/vectors'

/** `embeddings/<table>/report.json`: what a table is and where it came from. */
export const tableRecord = z.object({
  version: z.literal(1),
  report: alignmentReport,
  source: tableSource,
  /** Type of the vectors in the source file, as numpy names it. */
  dtype: z.string(),
  /** How the rows were laid onto ids and prepared; tables of an earlier version were taken as they are. */
  alignment: alignmentSettings.optional(),
  /** What the table has rows for beyond the vocabulary; the ids are in `keys.parquet`. */
  extraKeys: attachedTable.shape.extraKeys,
  /** The file that the keys came from, where it was another. */
  ids: z.string().nullable().optional(),
  file: z.object({
    /** Name inside of the table's folder. */
    name: z.string().regex(/^[^/\\]+$/),
    bytes: z.int(),
    /** Where the float32 rows begin: a multiple of 64, so that TensorFlow can read them raw. */
    dataOffset: z.int(),
  }),
  /** SHA-256 of the little-endian float32 rows. */
  hash: z.string(),
  attachedAt: z.string(),
})

/** All that is known about a stored table: its record, and the statistics beside it in `statistics.json`. */
export const storedTable = tableRecord.extend({ statistics: tableStatistics })
export type StoredTable = z.infer<typeof storedTable>
