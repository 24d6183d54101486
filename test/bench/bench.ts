import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Graft } from './graft'

/** What every section of the bench gets. */
export interface Bench {
  /** The repository. */
  readonly root: string
  /** Folder of TensorFlow's engine. */
  readonly engine: string
  /** A folder of this run of the bench, removed at its end. */
  readonly scratch: string
  readonly graft: Graft
  readonly turns: number
  /** Rows of the raw table that is imported. */
  readonly rows: number
  /** Epochs of a turn; a first one, with its tracing and cold caches, goes before and does not count. */
  readonly epochs: number
  /** Size of the dataset that does not fit in memory. */
  readonly gibibytes: number
  /** A folder in which that dataset is kept for the next time; null makes it anew in `scratch`. */
  readonly kept: string | null
  readonly said: (line: string) => void
}

/** A figure beside what it should be. `met` is null where there is nothing to hold it against. */
export interface Verdict {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal: string
  readonly met: boolean | null
  readonly note: string
}

/** A table to read: the first row is its head. */
export interface Report {
  readonly title: string
  readonly table: readonly (readonly string[])[]
  readonly notes: readonly string[]
  readonly verdicts: readonly Verdict[]
  /** Everything measured, for `--json`. */
  readonly figures: unknown
}

/** Does the work in a folder of its own and removes it afterwards: some projects weigh gigabytes. */
export async function inScratch<T>(
  bench: Bench,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(bench.scratch, name)
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(`${folder}-source`, { recursive: true, force: true })
  }
}
