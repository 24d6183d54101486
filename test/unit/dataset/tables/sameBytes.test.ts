import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Random } from '../../../../src-main/dataset'
import { folder, importFiles, write } from './support'

/** Every file below a folder, by its hash. */
function hashes(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, withFileTypes: true })
  const files = names.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
  return Object.fromEntries(
    files
      .sort()
      .map((file) => [
        file.slice(path.length),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  )
}

it('the same table gives the same bytes again, with one thread and with two', async () => {
  const random = new Random(5, 'same bytes')
  const lines = ['user,genres,price,affinity,seconds,rating,gap']
  // More rows than one row group, so that threads have something to share.
  for (let i = 0; i < 140_000; i++) {
    const u = random.uniform()
    const price = Math.exp(9 * random.uniform()).toFixed(2)
    const gap = u < 0.1 ? '' : (u * 7 - 3).toFixed(9)
    lines.push(
      `u${Math.floor(u * u * 3000)},${u < 0.5 ? 'a|b' : 'c'},${price},${(random.uniform() - 0.5).toString()},${(random.uniform() * 1e3).toFixed(3)},${(random.uniform() * 5).toFixed(6)},${gap}`,
    )
  }
  const table = write('same.csv', `${lines.join('\n')}\n`)
  const written: Record<string, string>[] = []
  for (const threads of [2, 2, 1]) {
    const project = join(folder, `same-${written.length}`)
    await importFiles([table], {
      project,
      threads,
      split: 'random:0.8,0.1,0.1',
      target: { column: 'rating', above: null },
      derived: [
        { kind: 'targetEncoding', name: null, columns: ['user'], target: null, smoothing: 20, folds: 5 },
        { kind: 'count', name: null, columns: ['user'] },
      ],
    })
    written.push(hashes(join(project, 'dataset')))
  }
  const [first, again, alone] = written
  expect(Object.keys(first ?? {})).toEqual(
    expect.arrayContaining(['/encoding.json', '/report.json', '/raw/table.parquet']),
  )
  expect(again).toEqual(first)
  expect(alone).toEqual(first)
}, 60_000)
