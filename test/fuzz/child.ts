import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError } from '../../src-main/contract'
import { openVectorFile, readSidecarKeys } from '../../src-main/embeddings'
import { mutate } from './mutate'
import { Random } from './random'
import { type Corpus, type Files, makeCorpora } from './seeds'
import { makeTraps, type Trap } from './traps'

/**
 * Feeds one parser with damaged files for some seconds, in a process of its own, and says of each case that it begins, so
 * that whoever started it knows which one never ended. A case must be read, or refused with an error that a person can act on.
 */

/** What the parent hears. */
export type Report =
  | { readonly kind: 'case'; readonly seed: number }
  | { readonly kind: 'failure'; readonly seed: number; readonly path: string; readonly why: string }
  | { readonly kind: 'done'; readonly cases: number; readonly read: number; readonly peakMegabytes: number }

const [parser = '', firstSeed = '0', seconds = '5', folder = '', fixtures = ''] = process.argv.slice(2)

/** Beyond the decoded size twice. */
const allowedBytes = 64 * 2 ** 20

const tell = (report: Report): void => void process.send?.(report)
const collect = (): void => void globalThis.gc?.()
/** The most that this process ever held. */
const peak = (): number => process.resourceUsage().maxRSS * 1024

/** Reads all that a file holds. @returns the decoded size */
async function readAll(path: string): Promise<number> {
  if (parser === 'sidecar') {
    const keys = await readSidecarKeys(path)
    return keys.reduce((sum, key) => sum + 2 * key.length + 16, 0)
  }
  const file = await openVectorFile(path)
  let bytes = 0
  try {
    for (const { name, problem, shape, keyed } of file.arrays) {
      if (problem) continue
      const [rows = 0, width = 0] = shape
      let found = 0
      for await (const block of file.read(name)) {
        if (block.firstRow !== found) throw new Error(`a block begins at row ${block.firstRow}, not ${found}`)
        if (block.rows.length !== block.count * width) throw new Error('a block has another width')
        if (keyed !== (block.keys?.length === block.count)) throw new Error('a block lacks keys')
        found += block.count
        bytes += 4 * block.rows.length
        for (const key of block.keys ?? []) bytes += 2 * key.length + 16
      }
      if (found !== rows) throw new Error(`${found} of ${rows} rows were read`)
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** Reads a case. @returns its decoded size, 0 where it was refused, or what is wrong */
async function attempt(path: string): Promise<number | Error> {
  try {
    return await readAll(path)
  } catch (error) {
    if (error instanceof GraftError && error.code !== 'internal') return 0
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Writes a table's files, one of them damaged where there is a generator. */
async function place(files: Files, random?: Random): Promise<{ opened: string; damaged: string }> {
  const damaged = random?.pick(files) ?? files[0]
  for (const file of files) {
    const bytes = random && file === damaged ? mutate(file.bytes, random) : file.bytes
    await writeFile(join(folder, file.name), bytes)
  }
  return { opened: join(folder, files[0].name), damaged: join(folder, damaged.name) }
}

/** What is wrong with how a trap ends, as soon as anything is. */
async function spring({ what, files, refused }: Trap, idle: number): Promise<Report | null> {
  for (const { name, pieces } of files) await writeFile(join(folder, name), pieces)
  const path = join(folder, files[0]?.name ?? '')
  const found = await attempt(path)
  for (const { name } of files.slice(1)) await rm(join(folder, name))
  const failure = (why: string): Report => ({ kind: 'failure', seed: -1, path, why: `${what}: ${why}` })
  if (found instanceof Error) return failure(found.stack ?? found.message)
  if (refused && found > 0) return failure(`${found} bytes were read`)
  const took = peak() - idle
  return took > allowedBytes + 2 * found ? failure(`it took ${(took / 2 ** 20).toFixed(0)} MB`) : null
}

async function run(corpus: Corpus): Promise<void> {
  // Whole files first: they must be read, and what the parser itself takes does not count as a file's.
  for (const files of corpus) {
    const { opened } = await place(files)
    const found = await attempt(opened)
    if (found instanceof Error || found === 0) {
      tell({ kind: 'failure', seed: -1, path: opened, why: `the whole file was not read: ${String(found)}` })
      return
    }
  }
  const traps = await makeTraps(parser, corpus)
  collect()
  const idle = peak()
  for (const trap of traps) {
    tell({ kind: 'case', seed: -1 })
    const failure = await spring(trap, idle)
    if (failure) return tell(failure)
    collect()
  }
  const end = Date.now() + 1000 * Number(seconds)
  let cases = 0
  let read = 0
  let largest = 0
  for (let seed = Number(firstSeed); Date.now() < end; seed++, cases++) {
    const random = new Random(seed)
    const { opened, damaged: path } = await place(random.pick(corpus), random)
    tell({ kind: 'case', seed })
    const found = await attempt(opened)
    if (found instanceof Error) {
      tell({ kind: 'failure', seed, path, why: found.stack ?? found.message })
      return
    }
    if (found > 0) read += 1
    largest = Math.max(largest, found)
    if (peak() > idle + allowedBytes + 2 * largest) {
      const megabytes = ((peak() - idle) / 2 ** 20).toFixed(0)
      tell({
        kind: 'failure',
        seed,
        path,
        why: `it took ${megabytes} MB for ${largest} decoded bytes at most`,
      })
      return
    }
    if (cases % 100 === 99) collect()
  }
  tell({ kind: 'done', cases, read, peakMegabytes: (peak() - idle) / 2 ** 20 })
}

await mkdir(folder, { recursive: true })
const corpora = await makeCorpora(join(folder, 'seeds'), fixtures)
const corpus = corpora.get(parser)
if (!corpus) throw new Error(`There is no parser ${parser}: ${[...corpora.keys()].join(', ')}.`)
await run(corpus)
await rm(join(folder, 'seeds'), { recursive: true, force: true })
process.disconnect?.()
