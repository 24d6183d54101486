import { stat } from 'node:fs/promises'
import type { ExportPreview } from '../contract/runs'
import { snippet } from './documents'
import type { ExportPlan } from './plan'
import { findTarget } from './targets'

/** What an export would write, with sizes; writes nothing and needs no TensorFlow. */
export async function previewExport(plan: ExportPlan): Promise<ExportPreview> {
  const exists = await stat(plan.folder).then(
    () => true,
    () => false,
  )
  const files = findTarget(plan.target)
    .files(plan)
    .map((file) => ({ ...file }))
  return { folder: plan.folder, exists, files, snippet: snippet(plan, plan.folder) }
}
