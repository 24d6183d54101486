import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { extractWheel } from '../../../scripts/lib/engine/wheel.mjs'
import { writeWheel } from './wheels'

let folder: string
let wheel: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-wheel-'))
  wheel = join(folder, 'some-1-py3-none-any.whl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const ignore = (): void => undefined
const into = (name: string): string => join(folder, 'out', name)

describe('extractWheel', () => {
  it('extracts what was asked for, with its hash, and reports every byte', async () => {
    const content = Buffer.from('library'.repeat(1000))
    writeWheel(wheel, [
      { name: 'tensorflow/lib.so', content },
      { name: 'tensorflow/other.py', content: Buffer.from('x') },
    ])
    const progress: [number, number][] = []
    const placeOf = (name: string): string | null => (name.endsWith('.so') ? into('lib.so') : null)
    const files = await extractWheel(wheel, placeOf, (done, total) => progress.push([done, total]))
    expect(files).toEqual([
      {
        name: 'tensorflow/lib.so',
        path: into('lib.so'),
        bytes: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      },
    ])
    expect(readFileSync(into('lib.so'))).toEqual(content)
    expect(existsSync(into('other.py'))).toBe(false)
    expect(progress.at(-1)).toEqual([content.length, content.length])
  })

  it('gives back any content', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 4000 }), { minLength: 1, maxLength: 4 }),
        async (contents) => {
          writeWheel(
            wheel,
            contents.map((content, index) => ({ name: `m${index}`, content: Buffer.from(content) })),
          )
          const files = await extractWheel(
            wheel,
            (name) => (name.startsWith('m') ? into(name) : null),
            ignore,
          )
          expect(files.map(({ path }) => readFileSync(path))).toEqual(
            contents.map((content) => Buffer.from(content)),
          )
        },
      ),
      { numRuns: 20 },
    )
  })

  it('refuses a member that does not match its recorded hash, and removes the wheel', async () => {
    writeWheel(wheel, [{ name: 'a', content: Buffer.from('a'), recordedHash: 'A'.repeat(43) }])
    await expect(extractWheel(wheel, into, ignore)).rejects.toMatchObject({
      code: 'engine-failed',
      message: expect.stringContaining('a does not match its checksum'),
    })
    expect(existsSync(wheel)).toBe(false)
  })

  it('refuses a truncated wheel and one without a RECORD', async () => {
    writeWheel(wheel, [{ name: 'a', content: Buffer.alloc(5000, 'ab') }])
    truncateSync(wheel, 60)
    await expect(extractWheel(wheel, into, ignore)).rejects.toMatchObject({ code: 'engine-failed' })
    writeWheel(wheel, [{ name: 'a', content: Buffer.from('a') }], false)
    await expect(extractWheel(wheel, into, ignore)).rejects.toThrow('no RECORD')
  })

  it('stops when it is cancelled, and keeps the wheel', async () => {
    writeWheel(wheel, [{ name: 'a', content: Buffer.from('a') }])
    const controller = new AbortController()
    controller.abort()
    const extracting = extractWheel(wheel, into, ignore, controller.signal)
    await expect(extracting).rejects.toMatchObject({ code: 'cancelled' })
    expect(existsSync(wheel)).toBe(true)
  })
})
