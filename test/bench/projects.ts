import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { z } from 'zod'
import { trainResult, type TrainResult } from '../../src-main/contract/runs'
import type { Graft } from './graft'
import type { Task } from './task'

/** A project on disk and the flags that every training of it gets. */
export interface BenchProject {
  readonly folder: string
  readonly flags: readonly string[]
}

/** The sample, with tables of the widths that a rule gives. */
export async function sampleProject(
  graft: Graft,
  folder: string,
  rule: 'merlin' | 'schema',
): Promise<BenchProject> {
  await graft.run(z.object({ path: z.string() }), ['new', folder, '--sample', 'movielens-100k'])
  return { folder, flags: ['--set', `widthRule=${rule}`] }
}

const shownSchema = z.object({
  feature: z.array(
    z.object({ name: z.string(), annotation: z.object({ tag: z.array(z.string()).default([]) }).optional() }),
  ),
})

/** What the sample's model is made of, as a run of it tells, in the words that all peers understand. */
export async function taskOf(graft: Graft, project: BenchProject, run: TrainResult): Promise<Task> {
  const { value } = await graft.run(shownSchema, ['schema', project.folder, 'show'])
  const continuous = value.feature.filter(({ annotation }) => annotation?.tag.includes('continuous'))
  return {
    data: join(project.folder, 'dataset', 'encoded', 'train', 'part-00000.parquet'),
    target: run.target,
    categorical: run.tables.map(({ table, columns, rows, width, frozen }) => ({
      name: columns[0] ?? table,
      rows,
      width,
      frozen,
      weights: frozen ? join(project.folder, 'embeddings', table, 'table.npy') : null,
    })),
    continuous: continuous.map(({ name }) => name),
    crossLayers: 2,
    deepLayers: [64, 32],
    batchSize: 1024,
    learningRate: 0.1,
    seed: run.seed,
  }
}

/** Trains a project and gives what `train --json` prints. */
export function train(
  graft: Graft,
  project: BenchProject,
  epochs: number,
  options: { memory?: boolean } = {},
) {
  const flags = ['--epochs', String(epochs), ...project.flags]
  return graft.run(trainResult, ['train', project.folder, ...flags], options)
}

/** Rows of a generated project: enough for its ids to be spread over the largest table, few enough to train at once. */
export const generatedRows = 200_000

/**
 * A project whose model is little more than one trainable table: an id drawn uniformly from 1 to `ids`, a number on
 * [0, 1) and a coin to predict.
 * @param width of the table
 */
export async function tableProject(
  graft: Graft,
  folder: string,
  ids: number,
  width: number,
): Promise<BenchProject> {
  const files = `${folder}-source`
  await mkdir(files, { recursive: true })
  const rows = join(files, 'rows.parquet')
  const schema = join(files, 'schema.json')
  await writeRows(rows, ids)
  await writeSchema(schema, ids)
  const anything = z.unknown()
  await graft.run(anything, ['new', folder])
  await graft.run(anything, ['schema', folder, 'import', schema])
  await graft.run(anything, ['import', folder, '--train', rows])
  await graft.run(anything, ['schema', folder, 'set', 'id', '--width', String(width)])
  return { folder, flags: [] }
}

async function writeRows(file: string, ids: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    // setseed: the same rows on every run of the bench.
    await connection.run('SELECT setseed(0.5)')
    await connection.run(`
      COPY (
        SELECT (1 + floor(random() * ${ids}))::INTEGER AS id, random()::FLOAT AS amount, (random() < 0.5)::INTEGER AS label
        FROM range(${generatedRows})
      ) TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function writeSchema(file: string, ids: number): Promise<void> {
  const feature = [
    {
      name: 'id',
      type: 'INT',
      intDomain: { name: 'id', min: '0', max: String(ids), isCategorical: true },
      annotation: { tag: ['categorical', 'item_id'] },
    },
    { name: 'amount', type: 'FLOAT', annotation: { tag: ['continuous'] } },
    { name: 'label', type: 'INT', annotation: { tag: ['binary_classification', 'target'] } },
  ]
  await writeFile(file, JSON.stringify({ feature }))
}
