import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { leadingAxes } from '../../src-main/embeddings/principalComponents'
import { runPython } from './python'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-axes-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const script = `
import sys
import numpy as np
folder, rows, width, k = sys.argv[1], *map(int, sys.argv[2:])
x = np.fromfile(folder + "/rows.bin", "<f4").reshape(rows, width).astype(np.float64)
axes = np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :k].T
largest = axes[np.arange(k), np.abs(axes).argmax(axis=1)]
(axes * np.sign(largest)[:, None]).tofile(folder + "/axes.bin")
`

it('the principal axes of 300 dimensions are numpy’s', async () => {
  const [rows, width, components] = [1000, 301, 12]
  // Columns of falling spread, so that the leading axes are far apart.
  let state = 1
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
  const values = Float32Array.from({ length: rows * width }, (_, i) => random() * 0.9 ** (i % width) * 100)
  for (let c = 0; c < width; c++) {
    let mean = 0
    for (let r = 0; r < rows; r++) mean += (values[r * width + c] ?? 0) / rows
    for (let r = 0; r < rows; r++) values[r * width + c] = (values[r * width + c] ?? 0) - mean
  }
  await writeFile(join(folder, 'rows.bin'), values)
  await runPython(script, [folder, String(rows), String(width), String(components)])
  const expected = new Float64Array(Uint8Array.from(await readFile(join(folder, 'axes.bin'))).buffer)
  const found = await leadingAxes(values, rows, width, () => true, components)
  expect(found.length).toBe(expected.length)
  const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0)
  expect(worst).toBeLessThan(1e-9)
})
