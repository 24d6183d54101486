import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { planExport, previewExport, runExport } from '../../src-main/export'
import { readReplay, replayFile, type Replay } from '../../src-main/training/replay'
import { testTensorFlow } from '../engine'
import { spec, trainedRun } from '../unit/export/trainedRun'
import { predictionsIn } from '../unit/services/support'
import { runPython } from './python'

const found = z.object({
  types: z.record(z.string(), z.record(z.string(), z.string())),
  differences: z.record(z.string(), z.number()),
  variables: z.int(),
  tables: z.record(
    z.string(),
    z.object({ shape: z.array(z.int()), dtype: z.string(), isInModel: z.boolean() }),
  ),
  schema: z.array(z.string()),
})

const outcomes = z.record(
  z.string(),
  z.object({ output: z.string(), errors: z.string(), failure: z.string().nullable() }),
)

let scratch: string
let folder: string
let runFolder: string
let replay: Replay
let snippet: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'graft-peer-export-'))
  const engine = testTensorFlow()
  const run = await trainedRun(join(scratch, 'runs'), engine)
  runFolder = run.path
  replay = await readReplay(run.path)
  const plan = await planExport({ run, folder: join(scratch, 'written'), force: false })
  const { path } = await runExport(plan, engine, () => undefined)
  // A model folder is carried elsewhere: nothing in it may depend on where it was written.
  folder = join(scratch, 'carried elsewhere')
  await rename(path, folder)
  snippet = (await previewExport({ ...plan, folder })).snippet
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  actual.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(1e-5))
}

describe('an exported folder in Python', () => {
  it('loads with tf.saved_model.load, by column name, and predicts the same; its schema and tables are read', async () => {
    const script = join(import.meta.dirname, 'export.py')
    const output = await runPython(script, [folder, join(runFolder, replayFile)])
    const { types, differences, variables, tables, schema } = found.parse(JSON.parse(output))
    const expected = spec.inputs.map(({ column, kind }) => [
      column,
      kind === 'categorical' ? 'int64' : 'float32',
    ])
    expect(types).toEqual({
      predict: Object.fromEntries(expected),
      serving_default: Object.fromEntries(expected),
    })
    expect(differences.predict).toBeLessThanOrEqual(1e-5)
    expect(differences.serving_default).toBeLessThanOrEqual(1e-5)
    // Three tables and a residual; two layers of a projection, two cross ones, two deep ones and the head with kernel and bias each.
    expect(variables).toBe(18)
    expect(tables).toEqual({
      movieId: { shape: [500, 16], dtype: 'float32', isInModel: true },
      'movieId.residual': { shape: [500, 16], dtype: 'float32', isInModel: true },
      'genre, "main"': { shape: [9, 8], dtype: 'float32', isInModel: true },
      covers: { shape: [9, 8], dtype: 'float32', isInModel: true },
    })
    expect(schema).toContain('movieId')
  })

  it('predict.py runs as it is, and holds its example against what Graft predicted', async () => {
    expectClose(predictionsIn(await runPython(join(folder, 'predict.py'))), replay.predictions)
  })

  it('predict.py takes CSV and Parquet, empty ids as unknown, and says what is wrong with other rows', async () => {
    const at = (name: string): string => join(scratch, name)
    const header = 'count,"genre, ""main""",movieId,watched movie,über'
    await writeFile(at('rows.csv'), await readFile(join(folder, 'example.csv'), 'utf8'))
    await runPython(
      'import pandas, sys; pandas.read_csv(sys.argv[1]).drop(columns="prediction").to_parquet(sys.argv[2])',
      [at('rows.csv'), at('rows.parquet')],
    )
    await writeFile(at('gaps.csv'), `${header}\n0.5,,3,,0.25\n0.5,0,3,0,0.25\n`)
    await writeFile(at('number.csv'), `${header}\n,1,3,1,0.25\n`)
    await writeFile(at('columns.csv'), 'movieId\n3\n')
    await writeFile(at('none.csv'), `${header}\n`)
    const cases = {
      example: [],
      csv: [at('rows.csv'), '--out', at('predictions.csv')],
      parquet: [at('rows.parquet')],
      gaps: [at('gaps.csv')],
      number: [at('number.csv')],
      columns: [at('columns.csv')],
      none: [at('none.csv')],
    }
    const script = join(import.meta.dirname, 'predict_cases.py')
    const results = outcomes.parse(
      JSON.parse(await runPython(script, [folder], { input: JSON.stringify(cases) })),
    )
    expect(results.example?.errors).toContain('Largest difference from Graft')
    expect(results.example?.failure).toBeNull()
    expectClose(predictionsIn(await readFile(at('predictions.csv'), 'utf8')), replay.predictions)
    expectClose(predictionsIn(results.parquet?.output ?? ''), replay.predictions)
    const [gaps, zeros] = predictionsIn(results.gaps?.output ?? '')
    expect(gaps).toBeGreaterThan(0)
    expect(gaps).toBe(zeros)
    expect(results.number?.failure).toBe('Column count has no number in row 1.')
    expect(results.columns?.failure).toContain('The rows lack the columns')
    expect(results.none?.failure).toBeNull()
    expect(predictionsIn(results.none?.output ?? '')).toEqual([])
  })

  it('the snippet runs', async () => {
    const output = await runPython(snippet)
    expect(Number(output.replace(/[[\]\s]/g, ''))).toBeCloseTo(replay.predictions[0] ?? NaN, 5)
  })
})
