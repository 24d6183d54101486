import { GraftError } from '../contract/errors'
import type { TensorFlow } from '../tensorflow/binding'
import type { ExportPlan } from './plan'
import { savedModelTarget } from './savedModel'

/** Tells how far an export is; throws where it is to end. */
export type ReportExport = (phase: string, done: number, total: number | null, unit: string) => void

/** A file that an export will write. */
export interface PlannedFile {
  readonly name: string
  readonly bytes: number
  readonly description: string
}

/** A form that a trained model can leave Graft in. A new one is a file with such a constant, and one line below. */
export interface ExportTarget {
  readonly name: string
  readonly title: string
  /** Files and sizes, without writing anything and without TensorFlow. */
  files(plan: ExportPlan): PlannedFile[]
  /** Fills `folder`, which is empty. */
  write(plan: ExportPlan, folder: string, tensorflow: TensorFlow, report: ReportExport): Promise<void>
  /** Answers the replayed rows from what `write` left in `folder`, as a stranger would load it: [rows]. */
  predict(plan: ExportPlan, folder: string, tensorflow: TensorFlow): Promise<Float32Array>
}

export const exportTargets: readonly ExportTarget[] = [savedModelTarget]

/** @throws GraftError `invalid-setting` */
export function findTarget(name: string): ExportTarget {
  const target = exportTargets.find((candidate) => candidate.name === name)
  if (target) return target
  const names = exportTargets.map((candidate) => candidate.name).join(', ')
  throw new GraftError('invalid-setting', `There is no export format '${name}'.`, `Choose one of: ${names}.`)
}
