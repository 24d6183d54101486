import { z } from 'zod'
import { tableSource } from '../contract/document'
import { alignmentReport, tableStatistics } from '../contract/views'

/** `embeddings/<table>/report.json`: what a table is and where it came from. */
export const tableRecord = z.object({
  version: z.literal(1),
  report: alignmentReport,
  source: tableSource,
  /** Type of the vectors in the source file, as numpy names it. */
  dtype: z.string(),
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
