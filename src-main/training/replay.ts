import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { GraftError } from '../contract/errors'
import { noItem, weightsFeature } from '../model'
import { writeFileAtomic } from '../project/files'
import type { Batches, PackedBatch } from './data'

/**
 * Some rows that the trained weights have answered, kept beside them (`runs/<id>/weights/replay.json`). An export answers
 * them again from the folder that it wrote, and the difference shows whether anything was lost on the way; they are
 * also the example rows that travel with the model, so that nothing but the run is needed to export it.
 */
export const replayFile = 'weights/replay.json'

/** How many rows a run keeps: the first ones of the training part. */
export const replayRows = 100

export const replay = z
  .object({
    /** The model's inputs by column name: ids, or numbers as float32 holds them; of lists and vectors those of each row. */
    columns: z.record(z.string(), z.union([z.array(z.number()), z.array(z.array(z.number()))])),
    /** The probability that the trainer's own graph gave, row by row. */
    predictions: z.array(z.number()),
  })
  .refine(
    ({ columns, predictions }) =>
      Object.values(columns).every((values) => values.length === predictions.length),
    'every column has as many rows as there are predictions',
  )
export type Replay = z.infer<typeof replay>

/** The columns of a batch as a replay keeps them: the target left out, lists without what fills them up. */
export function replayColumns(packer: Batches, batch: PackedBatch): Replay['columns'] {
  const { fields } = packer.store.layout
  const columns: Replay['columns'] = {}
  for (const field of fields) if (field.column !== null) columns[field.column] = packer.values(batch, field)
  // Weights end where their ids do.
  for (const ids of fields.filter((field) => field.holds === 'list' && field.type === 'int32')) {
    const lists = packer.values(batch, ids).map((row) => (typeof row === 'number' ? [row] : row))
    const counts = lists.map((list) => list.filter((id) => id !== noItem).length)
    const weights = fields.find((field) => field.name === weightsFeature(ids.name))
    for (const name of [ids.column, weights?.column ?? null]) {
      const values = name === null ? undefined : columns[name]
      if (name !== null && values)
        columns[name] = values.map((row, i) => (typeof row === 'number' ? [row] : row).slice(0, counts[i]))
    }
  }
  return columns
}

/** Keeps the rows in a run's folder. To be called once, with the weights that are being saved. */
export async function writeReplay(runFolder: string, rows: Replay): Promise<void> {
  await writeFileAtomic(join(runFolder, replayFile), `${JSON.stringify(replay.parse(rows))}\n`)
}

/** @throws GraftError `not-found` where the run has none, `invalid-file` */
export async function readReplay(runFolder: string): Promise<Replay> {
  const path = join(runFolder, replayFile)
  const text = await readFile(path, 'utf8').catch(() => {
    throw new GraftError(
      'not-found',
      `The run has no saved weights: ${path} is missing.`,
      'Export a run that completed, or that was stopped and kept.',
    )
  })
  try {
    return replay.parse(JSON.parse(text))
  } catch {
    throw new GraftError('invalid-file', `${path} cannot be read.`, 'Train again, then export.')
  }
}
