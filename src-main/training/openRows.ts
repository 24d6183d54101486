import type { TrainingSettings } from '../contract/document'
import { rowLayout, type ModelSpec } from '../model'
import { loadModelPart, RowStore, withDistinctIds } from './data'
import type { PartFiles } from './plan'
import { MemoryRows, type TrainingRows } from './rows'
import { StreamedRows, type StreamOptions } from './streamedRows'

const megabyte = 2 ** 20
/** A window is this much of the memory for rows: the session's copy, the one that is being read and what decodes it. */
const windowShare = 1 / 8

export interface OpenedRows {
  readonly rows: TrainingRows
  /** Some rows of the part: all of them where they are in memory. */
  readonly sample: RowStore
  /** The model, with what the rows tell of it. */
  readonly spec: ModelSpec
}

/** How a part is gone through. */
export interface RowsUse extends Pick<StreamOptions, 'epochRows' | 'epochs'> {
  /** Null keeps the order of the files. */
  readonly seed: number | null
}

/**
 * Opens a part for training: in memory where its rows fit in `rowMemory`, else on disk.
 * @returns null for a part without rows
 */
export async function openRows(
  spec: ModelSpec,
  target: string,
  part: PartFiles,
  { rowMemory, batchSize }: Pick<TrainingSettings, 'rowMemory' | 'batchSize'>,
  use: RowsUse,
): Promise<OpenedRows | null> {
  if (part.files.length === 0 || part.rows === 0) return null
  const bytes = 4 * rowLayout(spec).width
  if (bytes * part.rows <= rowMemory * megabyte) {
    const loaded = await loadModelPart(spec, target, part)
    if (!loaded) return null
    const known = withDistinctIds(spec, loaded)
    const store = RowStore.of(known, target, loaded)
    return { rows: new MemoryRows(store, use.seed), sample: store, spec: known }
  }
  const windowRows = Math.floor((windowShare * rowMemory * megabyte) / bytes)
  const rows = await StreamedRows.open({ spec, target, part, windowRows, batchSize, ...use })
  const known = withDistinctIds(spec, rows.sample)
  return { rows, sample: RowStore.of(known, target, rows.sample), spec: known }
}
