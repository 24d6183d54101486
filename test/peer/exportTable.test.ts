import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  exportTable,
  openVectorFile,
  tableWriters,
  valueVocabulary,
  writeNpy,
} from '../../src-main/embeddings'
import { runPython } from './python'

/** A table that is exported in every format is read back equal by that format's own library. */

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-tables-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('numpy, pandas, gensim and safetensors read the same rows and keys', async () => {
  const [rows, width] = [700, 33]
  // Of all magnitudes, with zeros and numbers that need nine digits.
  const values = Float32Array.from({ length: rows * width }, (_, i) =>
    i % 50 === 0 ? 0 : Math.sin(i) * 10 ** ((i % 61) - 30),
  )
  const numbers = Array.from({ length: rows }, (_, i) => 3 * i - 40)
  const texts = Array.from({ length: rows }, (_, i) => ['item', 'über', '東京', '"quoted"'][i % 4] + `-${i}`)
  await writeFile(join(folder, 'expected.bin'), values)
  await writeFile(join(folder, 'expected.json'), JSON.stringify({ rows, width, numbers, texts }))
  const all = new Float32Array((rows + 1) * width)
  all.set(values, width)
  await writeNpy(join(folder, 'source.npy'), all, width)
  const file = await openVectorFile(join(folder, 'source.npy'))
  const [array] = file.arrays
  if (!array) throw new Error('no array')
  for (const [name, keys] of Object.entries({ numbers, texts })) {
    for (const { extensions } of tableWriters) {
      const path = join(folder, `${name}${extensions[0] ?? ''}`)
      const vocabulary = await valueVocabulary(keys.map(String))
      await exportTable({ table: { file, array }, vocabulary, path, format: null, force: false })
    }
  }
  await file.close()
  const said = await runPython(resolve(import.meta.dirname, 'exportTable.py'), [folder])
  expect(said.trim()).toBe('same')
})
