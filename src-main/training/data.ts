import {
  loadFiles,
  type ColumnRequest,
  type MemoryPart,
  type NumberArray,
  type Ragged,
} from '../dataset/batches'
import { GraftError } from '../contract/errors'
import { noItem, rowLayout, type ModelSpec, type RowField, type RowLayout } from '../model'
import type { PartFiles } from './plan'

/** Batches that the distinct ids of a column are counted on: enough for a figure that is only weighed against others. */
const sampledBatches = 8

/** The columns that a model reads of a part. */
export function columnRequests(spec: ModelSpec, target: string): ColumnRequest[] {
  const columns = new Map<string, ColumnRequest>()
  for (const field of rowLayout(spec).fields) {
    const name = field.column ?? target
    const max = field.largest ?? undefined
    columns.set(name, { name, type: field.type, isList: field.holds !== 'one', max })
  }
  return [...columns.values()]
}

/** Reads what a model needs of a part; null for a part without rows. Ids outside of their tables are an error here. */
export async function loadModelPart(
  spec: ModelSpec,
  target: string,
  part: PartFiles,
): Promise<MemoryPart | null> {
  if (part.files.length === 0 || part.rows === 0) return null
  return loadFiles(part.files, columnRequests(spec, target))
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
      input.kind === 'categorical' && !input.list
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

/** A batch as the step's graph takes it. Both views show the same memory, which the next batch may use again. */
export interface PackedBatch {
  readonly rows: number
  /** [rows, width of the layout]. */
  readonly words: Int32Array
  readonly floats: Float32Array
}

/**
 * A part's rows as the model reads them, row after row: the values of a row lie side by side, so that a batch of rows from
 * anywhere costs one access to far memory a row, and not one a value.
 */
export class RowStore {
  readonly rows: number
  readonly layout: RowLayout
  /** [rows, width of the layout], the same memory seen as either type. */
  readonly words: Int32Array
  readonly floats: Float32Array
  /** The targets once more, one after another: [rows]. */
  readonly labels: Float32Array

  /** Room for rows, to be filled by `place`. */
  constructor(
    private readonly spec: ModelSpec,
    private readonly target: string,
    rows: number,
    memory: RowMemoryBlock = allocateRows(rowLayout(spec).width * rows),
  ) {
    this.rows = rows
    this.layout = rowLayout(spec)
    this.words = memory.words.subarray(0, this.layout.width * rows)
    this.floats = memory.floats.subarray(0, this.layout.width * rows)
    this.labels = new Float32Array(rows)
  }

  /** All rows of a part. @throws as `place` */
  static of(spec: ModelSpec, target: string, part: MemoryPart): RowStore {
    const store = new RowStore(spec, target, part.rows)
    store.place(part, 0)
    return store
  }

  /**
   * Puts the rows of a part at `first` and after it.
   * @throws GraftError `invalid-data` for a vector of another width, and for weights that are not as many as the ids
   */
  place(part: MemoryPart, first: number): void {
    const { spec, target, words, floats, width } = this
    checkWeights(spec, part)
    const labels = columnOf(part, target)
    this.labels.set(labels, first)
    for (const field of this.layout.fields) {
      const name = field.column ?? target
      const out = (field.type === 'int32' ? words : floats).subarray(first * width)
      if (field.holds === 'one') spread(columnOf(part, name), out, field.offset, width)
      else spreadLists(listOf(part, name), out, field, width)
    }
  }

  get width(): number {
    return this.layout.width
  }
}

function listOf(part: MemoryPart, name: string): Ragged {
  const list = part.lists[name]
  if (!list) throw new GraftError('internal', `Column ${name} was not read as lists.`)
  return list
}

/** Each list of weights is as long as that of the ids which it weighs. */
function checkWeights(spec: ModelSpec, part: MemoryPart): void {
  for (const input of spec.inputs) {
    if (input.kind !== 'categorical' || !input.list || input.list.weights === null) continue
    const [ids, weights] = [listOf(part, input.column), listOf(part, input.list.weights)]
    const row = ids.offsets.findIndex((offset, i) => offset !== weights.offsets[i]) - 1
    if (row < 0) continue
    const [many, few] = [ids, weights].map(({ offsets }) => (offsets[row + 1] ?? 0) - (offsets[row] ?? 0))
    throw new GraftError(
      'invalid-data',
      `row ${row}: column ${input.list.weights} holds ${few} weights for the ${many} items of column ${input.column}`,
      'Pool the list without weights, or correct the data.',
      { column: input.list.weights, row },
    )
  }
}

function spread(values: NumberArray, out: NumberArray, offset: number, stride: number): void {
  for (let i = 0; i < values.length; i++) out[offset + i * stride] = values[i] ?? 0
}

/** Lists into the stretch of their field: cut where they are longer, filled up where they are shorter. */
function spreadLists({ values, offsets }: Ragged, out: NumberArray, field: RowField, stride: number): void {
  const { length, offset } = field
  const empty = field.type === 'int32' ? noItem : 0
  for (let row = 0, at = offset; row + 1 < offsets.length; row++, at += stride) {
    let begin = offsets[row] ?? 0
    let count = (offsets[row + 1] ?? 0) - begin
    if (field.holds === 'vector' && count !== length) throw wrongWidth(field, row, count)
    if (count > length) {
      if (field.keep === 'last') begin += count - length
      count = length
    }
    for (let i = 0; i < count; i++) out[at + i] = values[begin + i] ?? 0
    for (let i = count; i < length; i++) out[at + i] = empty
  }
}

function wrongWidth({ column, length }: RowField, row: number, count: number): GraftError {
  return new GraftError(
    'invalid-data',
    `column ${column}, row ${row}: the vector has ${count} numbers where ${length} are expected`,
    'Give every row a vector of one width, or set the column aside.',
    { column, row },
  )
}

/** A part's rows in batches, as they lie: nothing is copied. Training takes rows in an order of its own (`rows.ts`). */
export class Batches {
  private readonly target: Float32Array

  constructor(
    readonly store: RowStore,
    readonly batchSize: number,
  ) {
    this.target = new Float32Array(Math.min(batchSize, store.rows))
  }

  get count(): number {
    return Math.ceil(this.store.rows / this.batchSize)
  }

  /** Batch `index`. The last one may be smaller. */
  batch(index: number): PackedBatch {
    const { store, batchSize } = this
    const first = index * batchSize
    const rows = Math.min(batchSize, store.rows - first)
    const [begin, end] = [first * store.width, (first + rows) * store.width]
    return { rows, words: store.words.subarray(begin, end), floats: store.floats.subarray(begin, end) }
  }

  /** The targets of a batch, [rows]; the array is used again for the next. */
  targets({ rows, floats }: PackedBatch): Float32Array {
    const { width, layout } = this.store
    const { target } = this
    for (let i = 0, at = layout.target.offset; i < rows; i++, at += width) target[i] = floats[at] ?? 0
    return target.subarray(0, rows)
  }

  /** A field of each row of a batch: a number, or the words of its stretch. */
  values({ rows, words, floats }: PackedBatch, field: RowField): number[] | number[][] {
    const { width } = this.store
    const values = field.type === 'int32' ? words : floats
    const begin = (row: number): number => row * width + field.offset
    return field.holds === 'one'
      ? Array.from({ length: rows }, (_, row) => values[begin(row)] ?? 0)
      : Array.from({ length: rows }, (_, row) => [...values.subarray(begin(row), begin(row) + field.length)])
  }
}

/** The same memory seen as either type. */
export interface RowMemoryBlock {
  readonly words: Int32Array
  readonly floats: Float32Array
}

export function allocateRows(elements: number): RowMemoryBlock {
  const memory = new ArrayBuffer(4 * elements)
  return { words: new Int32Array(memory), floats: new Float32Array(memory) }
}
