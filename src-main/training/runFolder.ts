import { appendFile, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runRecord, stepMetrics, type RunRecord, type StepMetrics } from '../contract/runs'
import { makeFolder, writeFileAtomic } from '../project/files'

/** Names inside of `runs/<id>/`. */
export const runFiles = {
  record: 'run.json',
  metrics: 'metrics.jsonl',
  log: 'log.txt',
  /** Prefix of the TensorFlow checkpoint that holds every weight at the end. */
  weights: 'weights/variables',
  /** The model that the weights belong to. */
  model: 'weights/model.json',
  /** Process id of the trainer, while it runs. */
  trainer: 'trainer.pid',
} as const

/** Points of a curve that a window can draw; a longer one is thinned. */
const longestCurve = 2_000
const logTail = 500 // lines
const logTailBytes = 128 * 1024

export class RunFolder {
  constructor(
    readonly path: string,
    readonly id: string,
  ) {}

  file(name: keyof typeof runFiles): string {
    return join(this.path, runFiles[name])
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomic(this.file('record'), `${JSON.stringify(record, null, 2)}\n`)
  }

  /** The record, or null where there is none that can be read. */
  async readRecord(): Promise<RunRecord | null> {
    try {
      const parsed = runRecord.safeParse(JSON.parse(await readFile(this.file('record'), 'utf8')))
      return parsed.success ? parsed.data : null
    } catch {
      return null
    }
  }

  async appendLog(lines: readonly string[]): Promise<void> {
    await appendFile(this.file('log'), lines.map((line) => `${line}\n`).join(''))
  }

  /** The last lines of the log. */
  async readLog(): Promise<string[]> {
    const text = await readTail(this.file('log'), logTailBytes)
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.slice(-logTail)
  }

  /** The curve, thinned to at most 2,000 points; the last step is always among them. */
  async readSteps(): Promise<StepMetrics[]> {
    const text = await readFile(this.file('metrics'), 'utf8').catch(() => '')
    const lines = text.split('\n').filter((line) => line !== '')
    const stride = Math.max(1, Math.ceil(lines.length / longestCurve))
    const steps: StepMetrics[] = []
    lines.forEach((line, i) => {
      if ((lines.length - 1 - i) % stride !== 0) return
      const step = parseStep(line)
      if (step) steps.push(step)
    })
    return steps
  }

  async claim(pid: number | null): Promise<void> {
    if (pid !== null) await writeFileAtomic(this.file('trainer'), `${pid}\n`)
  }

  async release(): Promise<void> {
    await rm(this.file('trainer'), { force: true })
  }

  /** Whether the trainer that claimed the run is still there, started by whichever process. */
  async isClaimed(): Promise<boolean> {
    const text = await readFile(this.file('trainer'), 'utf8').catch(() => '')
    const pid = Number(text.trim())
    return Number.isInteger(pid) && pid > 0 && isAlive(pid)
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** A line that was cut off by a crash is no step. */
function parseStep(line: string): StepMetrics | null {
  try {
    const parsed = stepMetrics.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

async function readTail(path: string, bytes: number): Promise<string> {
  const handle = await open(path, 'r').catch(() => null)
  if (!handle) return ''
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, bytes)
    const buffer = Buffer.alloc(length)
    await handle.read(buffer, 0, length, size - length)
    const text = buffer.toString('utf8')
    return length < size ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    await handle.close()
  }
}

const two = (n: number): string => String(n).padStart(2, '0')

/** `20261123-131502`: sorts by time, in the clock of the person. */
export function runName(now: Date): string {
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
  return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}

/** A name for a new run that no folder of `runs` has. Makes nothing: a run leaves no trace before it is checked. */
export async function freeRunName(runs: string, now = new Date()): Promise<string> {
  const taken = new Set(await readdir(runs).catch((): string[] => []))
  const base = runName(now)
  for (let suffix = 1; ; suffix++) {
    const name = suffix === 1 ? base : `${base}-${suffix}`
    if (!taken.has(name)) return name
  }
}

/** Makes `runs/<id>`; throws where it exists. */
export async function createRunFolder(runs: string, id: string): Promise<RunFolder> {
  await makeFolder(runs)
  const path = join(runs, id)
  await mkdir(path)
  return new RunFolder(path, id)
}

/** All run folders of a project, newest first. */
export async function listRunFolders(runs: string): Promise<RunFolder[]> {
  const entries = await readdir(runs, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => new RunFolder(join(runs, entry.name), entry.name))
    .sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0))
}
