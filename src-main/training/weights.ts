import { open } from 'node:fs/promises'
import { GraftError } from '../contract/errors'
import { openNpz } from '../embeddings/readers/npz'
import { readNpzArrays } from '../embeddings/readers/npzArrays'
import type { ModelSpec, Weight } from '../model'
import type { TableFile } from './plan'
import type { StepSession } from './stepSession'

const pieceBytes = 16 * 2 ** 20

/** Streams the rows of a table's file into its variable: at no time is more than a piece of it in memory. */
export async function loadTableFile(session: StepSession, weight: Weight, source: TableFile): Promise<void> {
  const [rows = 0, width = 0] = weight.variable.shape
  const rowBytes = 4 * width
  const pieceRows = Math.max(1, Math.floor(pieceBytes / rowBytes))
  const file = await open(source.path, 'r')
  try {
    const buffer = new Float32Array(Math.min(rows, pieceRows) * width)
    for (let first = 0; first < rows; first += pieceRows) {
      const count = Math.min(pieceRows, rows - first)
      const bytes = new Uint8Array(buffer.buffer, 0, count * rowBytes)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, source.offset + first * rowBytes)
      if (bytesRead !== bytes.length)
        throw new GraftError(
          'invalid-file',
          `${source.path} ends after row ${first + Math.floor(bytesRead / rowBytes)}; table ${source.table} has ${rows} rows.`,
          'Attach the table again.',
        )
      session.write(weight.name, buffer.subarray(0, count * width), first)
    }
  } finally {
    await file.close()
  }
}

/** Names that an array of initial weights may have for a weight: a table answers to each column that looks up no other. */
function archiveNames(spec: ModelSpec, weight: Weight): string[] {
  const { table, name } = weight
  if (!table) return [name]
  const alone = spec.inputs.filter(
    (input) => input.kind === 'categorical' && input.table === table.name && !input.more?.length,
  )
  return [name, ...alone.map((input) => `emb/${input.column}`)]
}

type Shaped = Iterable<readonly [name: string, array: { readonly shape: readonly number[] }]>

/** Pairs every array of an archive with its weight. @throws GraftError `shape-mismatch` */
function matchArrays(
  path: string,
  spec: ModelSpec,
  weights: readonly Weight[],
  arrays: Shaped,
): Map<string, Weight> {
  const byName = new Map<string, Weight>()
  // A column's name goes before that of another table that is called like it.
  const names = weights.map((weight) => ({ weight, names: archiveNames(spec, weight) }))
  for (const {
    weight,
    names: [own],
  } of names)
    if (own !== undefined) byName.set(own, weight)
  for (const {
    weight,
    names: [, ...columns],
  } of names)
    for (const name of columns) byName.set(name, weight)
  const matched = new Map<string, Weight>()
  for (const [name, { shape }] of arrays) {
    const weight = byName.get(name)
    if (!weight)
      throw new GraftError(
        'shape-mismatch',
        `${path} has an array ${name}, and the model (${spec.architecture}) no such weight.`,
        `Its weights: ${[...byName.keys()].join(', ')}.`,
        { array: name },
      )
    const wanted = weight.variable.shape
    if (shape.length !== wanted.length || shape.some((size, i) => size !== wanted[i]))
      throw new GraftError(
        'shape-mismatch',
        `${name} in ${path} has the shape (${shape.join(', ')}); the model's is (${wanted.join(', ')}).`,
        'Initial weights must be of the same model, tables and widths.',
        { array: name, shape: [...shape], expected: [...wanted] },
      )
    matched.set(name, weight)
  }
  return matched
}

/** Holds the headers of an archive of initial weights against the model, and reads no more of it. @throws GraftError */
export async function checkArchive(path: string, spec: ModelSpec, weights: readonly Weight[]): Promise<void> {
  const archive = await openNpz(path)
  try {
    const shapes = [...archive.members].map(([name, member]) => [name, member.array.header] as const)
    matchArrays(path, spec, weights, shapes)
  } finally {
    archive.close()
  }
}

/**
 * Sets weights from an `.npz` whose arrays are named `emb/<column>`, `cross<i>/kernel`, …, `head/bias`. Weights that it
 * does not hold keep their random values.
 * @returns names of the weights that were set
 * @throws GraftError `shape-mismatch` for an array that is no weight or has another shape, `non-finite`
 */
export async function loadInitialWeights(
  session: StepSession,
  spec: ModelSpec,
  weights: readonly Weight[],
  path: string,
): Promise<string[]> {
  const arrays = await readNpzArrays(path)
  const matched = matchArrays(path, spec, weights, arrays)
  for (const [name, { values }] of arrays) {
    const wrong = values.findIndex((value) => !Number.isFinite(value))
    if (wrong >= 0)
      throw new GraftError('non-finite', `${name} in ${path} holds ${values[wrong]} at position ${wrong}.`)
  }
  for (const [name, { values }] of arrays) {
    const weight = matched.get(name)
    if (weight) session.write(weight.name, values)
  }
  return [...matched.keys()]
}
