import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeParquet, type ColumnData } from '../../../src-main/dataset'
import { partFolder } from '../../../src-main/dataset/files'
import { Random } from '../../../src-main/dataset/random'
import { evaluateRun } from '../../../src-main/evaluation'
import { modelSpec } from '../../../src-main/model'
import { RunFolder } from '../../../src-main/training/runFolder'
import type { TrainingPlan } from '../../../src-main/training/plan'
import { testTensorFlow } from '../../engine'
import { plan, sampleProject, trainHere } from './project'

const movies = 1680
const width = 128

/** Rows of the example's columns whose label is a coin that falls as `logit` says. */
function drawRows(
  seed: number,
  rows: number,
  movieRange: readonly [first: number, last: number],
  logit: (movie: number, age: number) => number,
): ColumnData[] {
  const random = new Random(seed, 'planted')
  const ids = (max: number): Int32Array => Int32Array.from({ length: rows }, () => 1 + random.below(max))
  const numbers = (): Float32Array => Float32Array.from({ length: rows }, () => random.below(1000) / 1000)
  const [first, last] = movieRange
  const movieId = ids(last - first + 1).map((id) => id + first - 1)
  const age = ids(7)
  const label = Int32Array.from(movieId, (movie, i) => {
    const probability = 1 / (1 + Math.exp(-logit(movie, age[i] ?? 0)))
    return random.below(1_000_000) < probability * 1_000_000 ? 1 : 0
  })
  const column = (name: string, values: Int32Array | Float32Array): ColumnData => ({
    name,
    dtype: values instanceof Int32Array ? 'int32' : 'float32',
    values,
  })
  return [
    column('movieId', movieId),
    column('age', age),
    column('userId', ids(943)),
    column('genres', ids(200)),
    column('gender', ids(1)),
    column('zip_code', ids(700)),
    column('TE_movieId_rating', numbers()),
    column('userId_count', numbers()),
    column('rating', ids(5)),
    column('rating_binary', label),
  ]
}

async function plantedProject(parts: Record<'train' | 'validation', ColumnData[]>) {
  const project = await sampleProject()
  for (const part of ['train', 'validation'] as const) {
    await rm(partFolder(project.path, part), { recursive: true, force: true })
    await writeParquet(join(partFolder(project.path, part), 'part-00000.parquet'), parts[part])
  }
  return project
}

describe('what can be learnt is learnt', () => {
  test('a label that depends on movie and age: validation AUC past 0.9', async () => {
    const random = new Random(1, 'tastes')
    const taste = Float32Array.from({ length: movies + 1 }, () => (random.below(2) === 0 ? -1 : 1))
    // Most people agree about a movie, the old more than the young, and the old like more of what they see.
    const logit = (movie: number, age: number): number => {
      const old = age > 3 ? 1 : -1
      return 5 * (taste[movie] ?? 0) + 3 * old + 2 * (taste[movie] ?? 0) * old
    }
    const { path, document } = await plantedProject({
      train: drawRows(1, 60_000, [1, movies], logit),
      validation: drawRows(2, 5_000, [1, movies], logit),
    })
    const made = await plan(
      path,
      { ...document, tables: [] },
      { epochs: 4, optimizer: 'adam', learningRate: 0.01 },
    )
    const run = await trainHere(made)
    const last = run.epochs[3]
    expect(last?.validation?.auc, run.epochs.map((e) => e.validation?.auc).join()).toBeGreaterThan(0.9)
    expect(last?.train.auc).toBeGreaterThan(0.9)

    // The saved weights, evaluated exactly, say the same.
    const folder = new RunFolder(made.folder, made.run)
    const model = modelSpec.parse(JSON.parse(await readFile(folder.file('model'), 'utf8')))
    const request = { model, weights: folder.file('weights'), target: made.target, userColumn: 'userId' }
    const evaluated = await evaluateRun(testTensorFlow(), {
      ...request,
      part: made.parts.validation,
      rowMemory: 1024,
    })
    expect(evaluated.rows).toBe(5_000)
    expect(evaluated.metrics.loss).toBeCloseTo(last?.validation?.loss ?? Number.NaN, 5)
    expect(evaluated.metrics.logLoss).toBeCloseTo(evaluated.metrics.loss, 4)
    expect(evaluated.metrics.auc).toBeCloseTo(last?.validation?.auc ?? Number.NaN, 2)
    expect(evaluated.metrics.perUserAuc).toBeGreaterThan(0.9)

    // A part that does not fit in memory is the same part.
    const { train: part } = made.parts
    expect(part.rows).toBeGreaterThan(8192)
    const whole = await evaluateRun(testTensorFlow(), { ...request, part, rowMemory: 1024 })
    expect(await evaluateRun(testTensorFlow(), { ...request, part, rowMemory: 0.01 })).toEqual(whole)
  })

  test('on movies that training never saw, a frozen table that carries the signal beats a shuffled one', async () => {
    const random = new Random(3, 'vectors')
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(1 - random.below(1e6) / 1e6)) *
      Math.cos(2 * Math.PI * (random.below(1e6) / 1e6))
    const table = Float32Array.from({ length: (movies + 1) * width }, () => 0.3 * normal())
    const liking = (movie: number): number => {
      let sum = 0
      for (let i = 0; i < 8; i++) sum += table[movie * width + i] ?? 0
      return sum
    }
    const { path, document } = await plantedProject({
      train: drawRows(4, 20_000, [1, 1200], (movie) => 3 * liking(movie)),
      validation: drawRows(5, 5_000, [1201, movies], (movie) => 3 * liking(movie)),
    })
    const shuffled = new Float32Array(table.length)
    const order = Array.from({ length: movies + 1 }, (_, i) => i)
    for (let i = movies; i > 0; i--) {
      const j = random.below(i + 1)
      ;[order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0]
    }
    order.forEach((from, to) => shuffled.set(table.subarray(from * width, (from + 1) * width), to * width))

    const aucs = async (vectors: Float32Array, name: string): Promise<number[]> => {
      const file = join(path, name)
      await writeFile(file, new Uint8Array(vectors.buffer))
      const found: number[] = []
      for (const seed of [1, 2, 3]) {
        const made: TrainingPlan = {
          ...(await plan(path, document, { epochs: 2, seed, learningRate: 0.03 })),
          tableFiles: [{ table: 'movieId', path: file, offset: 0 }],
        }
        const { epochs, outcome } = await trainHere(made)
        expect(outcome.tables.find((one) => one.table === 'movieId')?.changed).toBe(false)
        found.push(epochs[1]?.validation?.auc ?? Number.NaN)
      }
      return found
    }
    const carrying = await aucs(table, 'carrying.f32')
    const without = await aucs(shuffled, 'shuffled.f32')
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(carrying) - mean(without), `${carrying} against ${without}`).toBeGreaterThan(0.05)
    expect(Math.min(...carrying)).toBeGreaterThan(Math.max(...without))
  })
})
