import { fork } from 'node:child_process'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Report } from './child'

export const parsers = [
  'npy',
  'npz',
  'parquet',
  'safetensors',
  'hdf5',
  'arrow',
  'word2vec',
  'word2vec-binary',
  'glove',
  'csv',
  'tsv',
  'projector',
  'checkpoint',
  'sidecar',
] as const

export interface FuzzOptions {
  /** The built child. */
  readonly child: string
  /** A folder to work in. */
  readonly scratch: string
  readonly fixtures: string
  /** Where files that were handled wrongly are kept; null keeps none. */
  readonly keep: string | null
  readonly seconds: number
  readonly seed: number
}

export interface FuzzResult {
  readonly parser: string
  readonly seed: number
  readonly cases: number
  /** Damaged files that could still be read. */
  readonly read: number
  readonly peakMegabytes: number
  /** What went wrong, with the seed that makes the case again; null where nothing did. */
  readonly failure: string | null
}

/** The longest that one small file may take. */
const caseMs = 10_000
const watchMs = 200

/** Feeds one parser with damaged files, in a process of its own. */
export async function fuzz(parser: string, options: FuzzOptions): Promise<FuzzResult> {
  const folder = join(options.scratch, parser)
  await mkdir(folder, { recursive: true })
  const parameters = [parser, String(options.seed), String(options.seconds), folder, options.fixtures]
  const child = fork(options.child, parameters, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let last = -1
  // Told in turns of the watch, so that a machine that sleeps is no parser that hangs.
  let silentMs = 0
  let complaint = ''
  let ended: Extract<Report, { kind: 'done' }> | null = null
  let failure: string | null = null
  let kept = ''
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-2000)))
  child.on('message', (report: Report) => {
    silentMs = 0
    if (report.kind === 'case') last = report.seed
    else if (report.kind === 'done') ended = report
    else {
      failure = `seed ${report.seed}: ${report.why}`
      kept = report.path
    }
  })
  const watch = setInterval(() => {
    silentMs += watchMs
    // The first case comes after the start of the process and its seeds.
    if (silentMs < (last < 0 ? 6 : 1) * caseMs) return
    failure ??= `seed ${last}: it did not end within ${caseMs / 1000} s`
    child.kill('SIGKILL')
  }, watchMs)
  const [code, signal] = await new Promise<[number | null, string | null]>((done) => {
    child.once('exit', (code, signal) => done([code, signal]))
  })
  clearInterval(watch)
  if (failure === null && ended === null)
    failure = `seed ${last}: the process ended (${signal ?? code}): ${complaint.trim()}`
  if (failure !== null && options.keep !== null && kept !== '') {
    await mkdir(options.keep, { recursive: true })
    await copyFile(kept, join(options.keep, `${parser}-${basename(kept)}`))
  }
  await rm(folder, { recursive: true, force: true })
  const { cases, read, peakMegabytes } = ended ?? {
    cases: Math.max(0, last - options.seed),
    read: 0,
    peakMegabytes: 0,
  }
  return { parser, seed: options.seed, cases, read, peakMegabytes, failure }
}

/** Runs several, `width` at a time; told of each as it ends. */
export async function fuzzAll(
  names: readonly string[],
  options: FuzzOptions,
  width: number,
  told: (result: FuzzResult) => void,
): Promise<FuzzResult[]> {
  const waiting = [...names]
  const results: FuzzResult[] = []
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const result = await fuzz(name, options)
      results.push(result)
      told(result)
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}
