import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Random, writeParquet } from '../../src-main/dataset'
import { withDuck } from '../../src-main/dataset/duckdb'
import { evaluateBinary } from '../../src-main/evaluation'
import { intDomain, makeColumn } from '../../src-main/schema'
import { sliceMetrics } from '../../src-main/services/slices'
import { temporaryFolder } from '../unit/dataset/folder'
import { runPython } from './python'

const folder = temporaryFolder()
const rows = 20_000

const metrics = z.record(z.string(), z.number().nullable())
const theirs = z.object({ whole: metrics, seen: metrics, unseen: metrics })

describe('metrics of an evaluation', () => {
  it('are those of scikit-learn: AUC, log loss, accuracy, RMSE, and the AUC within each user’s rows', async () => {
    const random = new Random(8, 'metrics')
    const users = Int32Array.from({ length: rows }, () => Math.floor(random.uniform() ** 2 * 3000))
    // Many rows share a prediction; some users have rows of one class alone.
    const predictions = Float32Array.from({ length: rows }, () => Math.round(random.uniform() * 500) / 500)
    const labels = Float32Array.from(predictions, (p) => (random.uniform() < 0.2 + 0.6 * p ? 1 : 0))
    const encoded = join(folder, 'encoded.parquet')
    const predicted = join(folder, 'predicted.parquet')
    await writeParquet(encoded, [
      { name: 'user', dtype: 'int32', values: users },
      { name: 'label', dtype: 'float32', values: labels },
    ])
    await writeParquet(predicted, [{ name: 'prediction', dtype: 'float32', values: predictions }])
    const output = await runPython(join(import.meta.dirname, 'metrics.py'), [encoded, predicted, '2000'])
    const { whole, ...slices } = theirs.parse(JSON.parse(output))

    const found = evaluateBinary(predictions, labels, users)
    for (const name of ['auc', 'accuracy', 'rmse', 'mae', 'perUserAuc'] as const)
      expect(found[name], name).toBeCloseTo(whole[name] ?? NaN, 12)

    const user = makeColumn('user', 'int32', {
      tags: ['categorical', 'user_id'],
      domain: intDomain('user', 2000),
    })
    const sliced = await withDuck((duck) =>
      sliceMetrics(duck, {
        files: [encoded],
        predictions: predicted,
        target: 'label',
        schema: { columns: [user], rest: {} },
        project: folder,
        columns: [],
        task: 'binary',
      }),
    )
    expect(sliced.map(({ value }) => value).sort()).toEqual(['seen', 'unseen'])
    for (const slice of sliced) {
      const wanted = slices[slice.value === 'seen' ? 'seen' : 'unseen']
      expect(slice.rows).toBe(wanted.rows)
      expect(Object.keys(slice.metrics)).toHaveLength(7)
      for (const [name, value] of Object.entries(slice.metrics))
        expect(value, `${slice.value} ${name}`).toBeCloseTo(wanted[name] ?? NaN, 6)
    }
  })
})
