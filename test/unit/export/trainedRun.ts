import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tableUse } from '../../../src-main/contract/document'
import type { RunRecord } from '../../../src-main/contract/runs'
import type { Schema } from '../../../src-main/contract/schema'
import { TableHash } from '../../../src-main/embeddings'
import type { ModelSpec } from '../../../src-main/model'
import { readSchemaJson } from '../../../src-main/schema/merlinJson'
import type { TensorFlow } from '../../../src-main/tensorflow/binding'
import { writeReplay } from '../../../src-main/training/replay'
import { RunFolder } from '../../../src-main/training/runFolder'
import { StepSession } from '../../../src-main/training/stepSession'
import { packBatch, trainOn } from '../../packed'

/** A small model whose columns have names that need care: a comma, a quote, a space, a letter past ASCII. */
export const spec: ModelSpec = {
  architecture: 'dcn',
  settings: {},
  inputs: [
    { kind: 'continuous', column: 'count' },
    {
      kind: 'categorical',
      column: 'genre, "main"',
      table: 'genre, "main"',
      more: ['covers'],
      combination: 'sum',
      distinctPerBatch: 8,
    },
    { kind: 'categorical', column: 'movieId', table: 'movieId', distinctPerBatch: 90 },
    { kind: 'categorical', column: 'watched movie', table: 'movieId', distinctPerBatch: 90 },
    { kind: 'continuous', column: 'über' },
  ],
  tables: [
    {
      name: 'movieId',
      columns: ['movieId', 'watched movie'],
      rows: 500,
      width: 16,
      frozen: true,
      pretrained: false,
      // Dropout is of training alone: an exported model has none of it.
      use: tableUse.parse({ projection: { width: 12, hidden: 10 }, residual: true, dropout: 0.1 }),
    },
    {
      name: 'genre, "main"',
      columns: ['genre, "main"'],
      rows: 9,
      width: 8,
      frozen: false,
      pretrained: false,
    },
    {
      name: 'covers',
      columns: ['genre, "main"'],
      rows: 9,
      width: 8,
      frozen: true,
      pretrained: false,
    },
  ],
  batchSize: 100,
}

const rows = 100

const exampleSchema = join(import.meta.dirname, '../../fixtures/schemas/movielens-100k.schema.json')

/** A column's numbers for the tests: ids in the domain, or numbers on [0, 1). */
function values(index: number, max: number | null): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const mixed = Math.imul(row * 31 + index + 1, 2_654_435_761) >>> 0
    return max === null ? Math.fround(mixed / 2 ** 32) : mixed % (max + 1)
  })
}

/**
 * A run's folder as training leaves it: weights from the trainer's own graph after a few steps, their replay, and a
 * record. Its schema is that of the example.
 */
export async function trainedRun(runs: string, engine: TensorFlow): Promise<RunFolder> {
  const run = new RunFolder(join(runs, 'first'), 'first')
  await mkdir(join(run.path, 'weights'), { recursive: true })
  const session = await StepSession.open(engine, spec, { name: 'adagrad', settings: {} })
  try {
    const columns: Record<string, number[]> = {}
    spec.inputs.forEach((input, i) => {
      const table = input.kind === 'categorical' ? spec.tables.find(({ name }) => name === input.table) : null
      columns[input.column] = values(i, table ? table.rows - 1 : null)
    })
    const labels = Array.from({ length: rows }, (_, row) => row % 2)
    const columnOf = (name: string): number[] => columns[name] ?? []
    const batch = packBatch(session.step.layout, labels, columnOf)
    session.initialize(7)
    for (let step = 0; step < 20; step++) trainOn(session, batch, 0.1)
    session.save(run.file('weights'))
    const predictions = [...session.evaluate(batch).probabilities]
    await writeReplay(run.path, { columns, predictions })
    await writeFile(run.file('model'), JSON.stringify(spec))
    const schema = readSchemaJson(await readFile(exampleSchema, 'utf8'))
    await run.writeRecord(record(session, schema))
  } finally {
    session.dispose()
  }
  return run
}

function record(session: StepSession, schema: Schema): RunRecord {
  const now = new Date().toISOString()
  return {
    id: 'first',
    status: 'completed',
    startedAt: now,
    finishedAt: now,
    document: {
      format: 'graft-project',
      version: 1,
      name: 'A small model',
      source: null,
      schema,
      imported: null,
      widthRule: 'merlin',
      widths: {},
      target: 'liked',
      tables: [],
      uses: {},
      combinations: {},
      pooling: {},
      model: { architecture: 'dcn', settings: {} },
      training: {
        epochs: 1,
        batchSize: 100,
        seed: 7,
        shuffle: false,
        stepsPerEpoch: null,
        rowMemory: 1024,
        optimizer: { name: 'adagrad', settings: {} },
      },
    },
    seed: 7,
    target: 'liked',
    versions: { graft: '0.1.0', tensorflow: '2.21.0', node: process.version, platform: 'test' },
    engine: 'TensorFlow 2.21.0 · CPU',
    datasetHash: '0'.repeat(64),
    initialWeights: null,
    rows: { train: rows, validation: 0, test: 0 },
    model: { name: 'dcn', parameters: 1, trainableParameters: 1, inputWidth: 42, tables: [] },
    epochs: [],
    tables: session.step.model.weights.flatMap(({ name, table, trainable }) => {
      if (!table) return []
      const hash = new TableHash()
      for (const piece of session.read(name)) hash.add(piece)
      const hashAfter = hash.hex()
      const { columns, rows: height, width } = table
      return [
        {
          table: table.name,
          columns,
          rows: height,
          width,
          frozen: !trainable,
          hashBefore: '',
          hashAfter,
          changed: trainable,
          meanRowMovement: 0,
          drift: [],
        },
      ]
    }),
    locks: [],
    sessionShare: 0.97,
    error: null,
  }
}
