import { z } from 'zod'
import { optimizerSettings } from '../contract/document'
import { modelSpec } from '../model/spec'

/** What is needed to draw the first values of a run's table again: they depend on the seed alone. */
export const firstTablePlan = z.object({
  model: modelSpec,
  optimizer: optimizerSettings,
  seed: z.int(),
  /** An archive of initial weights, where the run had one. */
  initialWeights: z.string().nullable(),
  table: z.string(),
  /** The `.npy` to write; it must not be there. */
  out: z.string(),
})
export type FirstTablePlan = z.infer<typeof firstTablePlan>

/** SHA-256 of the rows, to be held against what the run recorded. */
export const firstTable = z.object({ hash: z.string() })
export type FirstTable = z.infer<typeof firstTable>
