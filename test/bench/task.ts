/** A column with an embedding table. */
export interface TaskTable {
  readonly name: string
  readonly rows: number
  readonly width: number
  readonly frozen: boolean
  /** `.npy` of the pretrained rows; null where they begin at random. */
  readonly weights: string | null
}

/** One training, told to every peer in the same words: each builds its model from this file and from nothing else. */
export interface Task {
  /** Parquet file of the encoded rows, the very one that Graft trains on. */
  readonly data: string
  readonly target: string
  readonly categorical: readonly TaskTable[]
  readonly continuous: readonly string[]
  readonly crossLayers: number
  readonly deepLayers: readonly number[]
  readonly batchSize: number
  readonly learningRate: number
  readonly seed: number
}

/** Width of the concatenated input. */
export function inputWidth(task: Task): number {
  return task.categorical.reduce((sum, table) => sum + table.width, 0) + task.continuous.length
}

/** Inputs and outputs of each layer with a kernel, first to last: crosses, hidden layers, the head. */
export function layerSizes(task: Task): [number, number][] {
  const width = inputWidth(task)
  const sizes: [number, number][] = Array.from({ length: task.crossLayers }, () => [width, width])
  let inputs = width
  for (const units of [...task.deepLayers, 1]) {
    sizes.push([inputs, units])
    inputs = units
  }
  return sizes
}

/** Parameters of the model that the task describes: what every peer must arrive at. */
export function parameterCounts(task: Task): { parameters: number; trainableParameters: number } {
  const dense = layerSizes(task).reduce((sum, [inputs, outputs]) => sum + (inputs + 1) * outputs, 0)
  const tables = task.categorical.reduce((sum, table) => sum + table.rows * table.width, 0)
  const frozen = task.categorical.reduce(
    (sum, table) => sum + (table.frozen ? table.rows * table.width : 0),
    0,
  )
  return { parameters: dense + tables, trainableParameters: dense + tables - frozen }
}
