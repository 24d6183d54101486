import { readdir, readFile } from 'node:fs/promises'

/** What a process and everything that it started have used so far. */
export interface TreeUsage {
  /** Largest sum of the processes' proportional set sizes seen at one moment: shared pages count once. */
  peakBytes: number
  /** Largest sum of their anonymous memory: what no file backs. */
  peakAnonymousBytes: number
  /** User and system time of all of them, those that have ended included up to the last look. */
  cpuSeconds: number
}

/** USER_HZ, the unit of times in /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/**
 * Looks at a process tree again and again until it is stopped.
 * @param memory whether to look at memory, which makes the kernel walk the processes' pages: not while time is measured
 * @returns a function that ends the watching and gives what was seen, or null where there is no /proc to look at
 */
export function watchTree(pid: number, { memory }: { memory: boolean }): () => Promise<TreeUsage | null> {
  const usage: TreeUsage = { peakBytes: 0, peakAnonymousBytes: 0, cpuSeconds: 0 }
  const cpu = new Map<number, number>()
  const everyMs = memory ? 25 : 50
  let stopped = false
  const look = async (): Promise<void> => {
    const pids = await descendants(pid)
    const readings = await Promise.all(pids.map(async (id) => ({ id, ...(await readProcess(id, memory)) })))
    let bytes = 0
    let anonymous = 0
    for (const reading of readings) {
      bytes += reading.bytes
      anonymous += reading.anonymousBytes
      if (reading.cpuSeconds > 0) cpu.set(reading.id, reading.cpuSeconds)
    }
    usage.peakBytes = Math.max(usage.peakBytes, bytes)
    usage.peakAnonymousBytes = Math.max(usage.peakAnonymousBytes, anonymous)
    usage.cpuSeconds = [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0)
  }
  const watching = (async () => {
    while (!stopped) {
      await look()
      await new Promise((resume) => setTimeout(resume, everyMs))
    }
  })()
  return async () => {
    stopped = true
    await watching
    return cpu.size > 0 ? usage : null
  }
}

/** The process and its children's children. */
async function descendants(pid: number): Promise<number[]> {
  const found = [pid]
  for (const parent of found) {
    const threads = await readdir(`/proc/${parent}/task`).catch(() => [])
    for (const thread of threads) {
      const children = await readFile(`/proc/${parent}/task/${thread}/children`, 'utf8').catch(() => '')
      found.push(...children.split(' ').filter(Boolean).map(Number))
    }
  }
  return found
}

interface Reading {
  bytes: number
  anonymousBytes: number
  cpuSeconds: number
}

async function readProcess(pid: number, memory: boolean): Promise<Reading> {
  const [rollup, stat] = await Promise.all([
    memory ? readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '') : '',
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ])
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0)
  // The name in brackets may hold spaces: fields are counted from behind it. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  return {
    bytes: bytes('Pss'),
    anonymousBytes: bytes('Anonymous'),
    cpuSeconds: ticks / ticksPerSecond,
  }
}
