import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readSidecarKeys } from '../../../src-main/embeddings'
import { KeyIndex } from '../../../src-main/embeddings/keyIndex'
import { writeParquet } from '../../../src-main/dataset'

it('an index finds what a map would, and keeps the first number of a key', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 6 })), fc.string(), (keys, other) => {
      const index = new KeyIndex()
      const map = new Map<string, number>()
      keys.forEach((key, i) => {
        expect(index.add(key, i)).toBe(!map.has(key))
        if (!map.has(key)) map.set(key, i)
      })
      for (const key of [...keys, other, '']) expect(index.get(key)).toBe(map.get(key))
    }),
  )
})

it('a damaged Parquet file of ids is said to be damaged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'graft-ids-'))
  try {
    const path = join(folder, 'ids.parquet')
    const values = Array.from({ length: 500 }, (_, i) => `key ${i}`)
    await writeParquet(path, [{ name: 'key', dtype: 'string', values }])
    expect(await readSidecarKeys(path)).toEqual(values)
    const bytes = await readFile(path)
    // The page headers of the only column: their lengths are numbers of any size now.
    bytes.fill(0xff, 4, 24)
    await writeFile(path, bytes)
    await expect(readSidecarKeys(path)).rejects.toMatchObject({ code: 'invalid-file' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
