import { DuckDBInstance } from '@duckdb/node-api'
import { openVectorFile } from '../../../src-main/embeddings/readers'
import type { Task } from '../task'

/** All rows of a task in memory, a typed array a column. */
export interface Rows {
  readonly count: number
  readonly ids: ReadonlyMap<string, Int32Array>
  readonly numbers: ReadonlyMap<string, Float32Array>
  readonly labels: Float32Array
}

export async function readRows(task: Task): Promise<Rows> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
    const column = async (name: string): Promise<number[]> => {
      const file = task.data.replaceAll("'", "''")
      const reader = await connection.runAndReadAll(`SELECT ${quoted(name)} FROM read_parquet('${file}')`)
      return (reader.getColumns()[0] ?? []).map(Number)
    }
    const ids = new Map<string, Int32Array>()
    for (const { name } of task.categorical) ids.set(name, Int32Array.from(await column(name)))
    const numbers = new Map<string, Float32Array>()
    for (const name of task.continuous) numbers.set(name, Float32Array.from(await column(name)))
    const labels = Float32Array.from(await column(task.target))
    return { count: labels.length, ids, numbers, labels }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A new random order of 0 … count − 1 (Fisher and Yates). Peers need no seed: only their time is looked at. */
export function shuffled(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}

/** A table's rows one after another, out of a vector file that holds one array. @param elements how many there must be */
export async function readTable(path: string, elements: number): Promise<Float32Array> {
  const file = await openVectorFile(path)
  try {
    const values = new Float32Array(elements)
    let filled = 0
    for await (const { rows } of file.read(file.arrays[0]?.name ?? '')) {
      values.set(rows, filled)
      filled += rows.length
    }
    if (filled !== elements) throw new Error(`${path} holds ${filled} numbers, not ${elements}`)
    return values
  } finally {
    await file.close()
  }
}
