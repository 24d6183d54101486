import { loadFiles, type MemoryPart, type NumberArray } from '../dataset/batches'
import { GraftError } from '../contract/errors'
import { categoricalColumns, continuousColumns, tableOf, type ModelSpec } from '../model'
import type { PartFiles } from './plan'

/** Batches that the distinct ids of a column are counted on: enough for a figure that is only weighed against others. */
const sampledBatches = 8

/** Reads what a model needs of a part; null for a part without rows. Ids outside of their tables are an error here. */
export async function loadModelPart(
  spec: ModelSpec,
  target: string,
  part: PartFiles,
): Promise<MemoryPart | null> {
  if (part.files.length === 0 || part.rows === 0) return null
  const ids = spec.inputs
    .filter((input) => input.kind === 'categorical')
    .map((input) => ({
      name: input.column,
      type: 'int32' as const,
      max: tableOf(spec, input.table).rows - 1,
    }))
  const numbers = [...continuousColumns(spec), target].map((name) => ({ name, type: 'float32' as const }))
  return loadFiles(part.files, [...ids, ...numbers])
}

/** The column of a part that the model reads. */
export function columnOf(part: MemoryPart, name: string): NumberArray {
  const values = part.columns[name]
  if (!values) throw new GraftError('internal', `Column ${name} was not read.`)
  return values
}

/** The spec with the mean number of distinct ids in a batch of each column, counted on batches spread over the part. */
export function withDistinctIds(spec: ModelSpec, part: MemoryPart): ModelSpec {
  return {
    ...spec,
    inputs: spec.inputs.map((input) =>
      input.kind === 'categorical'
        ? { ...input, distinctPerBatch: meanDistinct(columnOf(part, input.column), spec.batchSize) }
        : input,
    ),
  }
}

function meanDistinct(values: NumberArray, batchSize: number): number {
  const size = Math.min(batchSize, values.length)
  const batches = Math.max(1, Math.min(sampledBatches, Math.floor(values.length / size)))
  const stride = Math.floor((values.length - size) / Math.max(1, batches - 1))
  let total = 0
  for (let i = 0; i < batches; i++) total += new Set(values.subarray(i * stride, i * stride + size)).size
  return total / batches
}

/** A batch as the step's graph takes it. The arrays are used again by the next one. */
export interface PackedBatch {
  readonly rows: number
  /** [id columns, rows]. */
  readonly ids: Int32Array
  /** [number columns + 1, rows]; the last row is the target. */
  readonly numbers: Float32Array
}

/** Gathers the rows of a part into two arrays a batch, column after column: two feeds a step, whatever the columns. */
export class BatchPacker {
  private readonly idColumns: readonly NumberArray[]
  private readonly numberColumns: readonly NumberArray[]
  private readonly ids: Int32Array
  private readonly numbers: Float32Array
  readonly rows: number

  constructor(
    spec: ModelSpec,
    target: string,
    part: MemoryPart,
    readonly batchSize: number,
  ) {
    this.rows = part.rows
    this.idColumns = categoricalColumns(spec).map((name) => columnOf(part, name))
    this.numberColumns = [...continuousColumns(spec), target].map((name) => columnOf(part, name))
    const size = Math.min(batchSize, part.rows)
    this.ids = new Int32Array(this.idColumns.length * size)
    this.numbers = new Float32Array(this.numberColumns.length * size)
  }

  get batches(): number {
    return Math.ceil(this.rows / this.batchSize)
  }

  /** Batch `index` of an order of the rows, or of the rows as they lie. The last one may be smaller. */
  batch(index: number, order: Uint32Array | null): PackedBatch {
    const first = index * this.batchSize
    const rows = Math.min(this.batchSize, this.rows - first)
    const ids = this.ids.subarray(0, this.idColumns.length * rows)
    const numbers = this.numbers.subarray(0, this.numberColumns.length * rows)
    this.idColumns.forEach((column, i) => pick(column, order, first, rows, ids, i * rows))
    this.numberColumns.forEach((column, i) => pick(column, order, first, rows, numbers, i * rows))
    return { rows, ids, numbers }
  }

  /** Where the targets of a batch begin in its `numbers`. */
  targetOffset(batch: PackedBatch): number {
    return (this.numberColumns.length - 1) * batch.rows
  }
}

function pick(
  source: NumberArray,
  order: Uint32Array | null,
  first: number,
  rows: number,
  out: NumberArray,
  offset: number,
): void {
  if (!order) out.set(source.subarray(first, first + rows), offset)
  else for (let i = 0; i < rows; i++) out[offset + i] = source[order[first + i] ?? 0] ?? 0
}
