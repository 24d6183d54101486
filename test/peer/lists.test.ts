import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evaluationResult, exportResult, predictionResult } from '../../src-main/contract'
import { Random } from '../../src-main/dataset'
import { type Services } from '../../src-main/services/compose'
import { nodeTrainer } from '../../src-main/training/worker'
import { trainerEntry } from '../trainer'
import { makeServices, predictionsIn, resultOf } from '../unit/services/support'
import { runPython } from './python'

/**
 * Lists from raw text to Python: genres `a|b|c` weighed by a column of numbers, and vectors, imported, trained on, evaluated,
 * used to predict raw rows, exported, and answered by predict.py.
 */

const genres = ['Action', 'Comedy', 'Drama', 'Horror', 'Romance', 'Sci-Fi']
const taste = [1.5, 1, 0, -1.5, 0.5, -1]

/** Rows whose label depends on the weighed genres and on the vector; one in ten has no genre. */
function draw(rows: number): string {
  const random = new Random(31, 'lists')
  const lines = Array.from({ length: rows }, (_, i) => {
    const own = i % 10 === 0 ? [] : genres.map((_, g) => g).filter(() => random.uniform() < 0.4)
    const weights = own.map(() => (1 + random.below(8)) / 4)
    const vector = [random.normal(), random.normal()].map((x) => x.toFixed(3))
    const liked = own.reduce((sum, g, j) => sum + (weights[j] ?? 0) * (taste[g] ?? 0), 0)
    const logit = 1.5 * liked + Number(vector[0])
    const label = random.uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0
    return `${own.map((g) => genres[g]).join('|')},${weights.join('|')},[${vector.join(' ')}],${label}`
  })
  return ['genres,relevance,taste,label', ...lines, ''].join('\n')
}

let folder: string
let services: Services
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-lists-'))
  services = makeServices(join(folder, 'home'), null, nodeTrainer(await trainerEntry()))
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

const finished = (start: () => Promise<{ job: string }>): Promise<unknown> => resultOf(services, start)

describe('a raw table of lists and vectors', () => {
  it('is trained on, evaluated, predicted and exported, and Python predicts the same', async () => {
    const { client, bench } = services
    const file = join(folder, 'rows.csv')
    await writeFile(file, draw(6000))
    await finished(() => client.project.create({ path: join(folder, 'p'), sample: null }))
    await finished(() =>
      client.tables.import({
        files: [{ part: null, path: file }],
        joins: [],
        options: { delimiter: ',', quote: null, header: null },
        split: 'random:0.8,0.1,0.1',
        seed: 3,
        target: 'label',
      }),
    )
    await finished(() =>
      client.tables.encode({
        encoding: {
          relevance: { kind: 'list', separator: '|', as: 'numbers' },
          taste: { kind: 'vector', separator: ' ' },
        },
      }),
    )
    const pooling = { how: 'sum', weights: 'relevance' } as const
    const { model } = await client.project.execute({
      command: { type: 'setPooling', column: 'genres', pooling },
    })
    const detail = model?.layers.find(({ id }) => id === 'column:genres')?.detail
    expect(detail).toMatch(/^list, sum of up to [3-6], weighed by relevance$/)
    expect(model?.layers.find(({ id }) => id === 'column:taste')).toMatchObject({ shape: [null, 2] })

    const overrides = { epochs: 8, batchSize: 256, optimizer: 'adam', learningRate: 0.02 }
    const { run } = await client.training.start({ overrides })
    expect(await bench.requireSession().runs.wait(run)).toMatchObject({ status: 'completed', error: null })
    const evaluate = async (part: 'test' | null, data: string[]) =>
      evaluationResult.parse(await finished(() => client.evaluation.evaluate({ run, part, data })))
    const test = await evaluate('test', [])
    expect(test.metrics.auc).toBeGreaterThan(0.85)
    // Raw rows are encoded as the parts were.
    const whole = await evaluate(null, [file])
    expect(whole.rows).toBe(6000)
    expect(whole.metrics.auc).toBeGreaterThan(0.85)

    const fresh = join(folder, 'fresh.csv')
    await writeFile(
      fresh,
      'genres,relevance,taste\nAction|Comedy,2|1,[0.5 0]\nWestern,1,[0 0]\n,,[1 1]\nHorror,2,\n',
    )
    const out = join(folder, 'predicted.csv')
    const predicted = predictionResult.parse(
      await finished(() => client.evaluation.predict({ run, data: [fresh], out, force: false })),
    )
    expect(predicted.unknown).toEqual([{ column: 'genres', share: 0.25 }])
    const [liked = 0, , , disliked = 1] = predictionsIn(await readFile(out, 'utf8'))
    expect(liked).toBeGreaterThan(0.85)
    expect(disliked).toBeLessThan(0.15)

    const exported = join(folder, 'exported')
    const written = exportResult.parse(
      await finished(() => client.export.write({ run, folder: exported, force: false })),
    )
    expect(written.check.maxDifference).toBeLessThanOrEqual(1e-6)
    // predict.py holds the rows of example.csv, whose lists are JSON, against what the trainer predicted.
    const answers = await runPython(join(exported, 'predict.py'))
    expect(predictionsIn(answers)).toHaveLength(100)
    const inputs = JSON.parse(
      await runPython(
        `import json, sys, tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
specs = model.signatures["predict"].structured_input_signature[1]
print(json.dumps({name: [spec.dtype.name, spec.shape.as_list()] for name, spec in sorted(specs.items())}))`,
        [exported],
      ),
    )
    expect(inputs).toEqual({
      genres__offsets: ['int64', [null]],
      genres__values: ['int64', [null]],
      relevance__offsets: ['int64', [null]],
      relevance__values: ['float32', [null]],
      taste: ['float32', [null, 2]],
    })
  })
})
