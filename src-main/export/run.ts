import { open, readdir, rm, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { GraftError, replaceHint, toGraftError } from '../contract/errors'
import type { ExportResult } from '../contract/runs'
import { makeFolder, replaceFolder } from '../project/files'
import type { TensorFlow } from '../tensorflow/binding'
import type { ExportPlan } from './plan'
import { findTarget, type ReportExport } from './targets'

/**
 * How far the reloaded model may be from the trainer's own predictions: float32 sums in another order stay well below
 * it, a wrong or missing weight does not.
 */
export const tolerance = 1e-4

/**
 * Writes a model folder: all of it beside its place, checked by loading it anew and replaying the run's rows, then
 * renamed. Runs in a process of its own, with TensorFlow.
 * @throws GraftError `already-exists`, `disk-full`, `read-only`, `invalid-file` for damaged weights, and `internal` where
 *   the model does not predict what was trained; nothing is left behind then
 */
export async function runExport(
  plan: ExportPlan,
  tensorflow: TensorFlow,
  report: ReportExport,
): Promise<ExportResult> {
  const target = findTarget(plan.target)
  await checkPlace(plan.folder, plan.force)
  const { staging } = plan
  try {
    await makeFolder(staging)
    await target.write(plan, staging, tensorflow, report)
    report('Reloading and replaying rows', 0, null, 'rows')
    const maxDifference = compare(await target.predict(plan, staging, tensorflow), plan.replay.predictions)
    const files = await syncFiles(staging)
    // What was free at the beginning may have been taken since.
    await checkPlace(plan.folder, plan.force)
    await replaceFolder(staging, plan.folder)
    return { path: plan.folder, files, check: { rows: plan.replay.predictions.length, maxDifference } }
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw fileError(error)
  }
}

/** The largest difference. @throws GraftError `internal` where it is more than rounding */
function compare(found: Float32Array, expected: readonly number[]): number {
  const rows = expected.length
  if (found.length !== rows)
    throw new GraftError('internal', `The model gave ${found.length} predictions for ${rows} rows.`)
  let largest = 0
  for (const [i, value] of found.entries()) {
    const difference = Math.abs(value - (expected[i] ?? NaN))
    // A comparison that NaN fails, too.
    if (!(difference <= tolerance)) {
      throw new GraftError(
        'internal',
        `The exported model does not predict what was trained: row ${i} gives ${value} instead of ${expected[i]}.`,
        'Nothing was exported. Please report this with the run’s folder.',
      )
    }
    largest = Math.max(largest, difference)
  }
  return largest
}

/**
 * Whether the folder may be written. With `force`, only an empty folder and an earlier export are replaced: a wrong path
 * must not cost anybody's documents.
 * @throws GraftError `already-exists`
 */
export async function checkPlace(folder: string, force: boolean): Promise<void> {
  const facts = await stat(folder).catch((error: unknown) => {
    if (toGraftError(error).code === 'not-found') return null
    throw error
  })
  if (!facts) return
  if (!force) {
    throw new GraftError('already-exists', `${folder} exists already.`, replaceHint)
  }
  const names = facts.isDirectory() ? await readdir(folder) : null
  const replaceable =
    names !== null &&
    (names.length === 0 || ['saved_model.pb', 'training.json'].every((n) => names.includes(n)))
  if (replaceable) return
  throw new GraftError(
    'already-exists',
    `${folder} exists and is no exported model, so it is not replaced.`,
    'Choose another folder.',
  )
}

/** Makes every file durable, and lists them by name with their sizes. */
async function syncFiles(folder: string): Promise<{ name: string; bytes: number }[]> {
  const files: { name: string; bytes: number }[] = []
  const visit = async (place: string): Promise<void> => {
    for (const entry of await readdir(place, { withFileTypes: true })) {
      const path = join(place, entry.name)
      if (entry.isDirectory()) {
        await visit(path)
        continue
      }
      const handle = await open(path, 'r+')
      try {
        await handle.sync()
        const name = relative(folder, path).split(sep).join('/')
        files.push({ name, bytes: (await handle.stat()).size })
      } finally {
        await handle.close()
      }
    }
  }
  await visit(folder)
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** TensorFlow writes the weights itself, and tells of a full disk in its own words. */
function fileError(thrown: unknown): GraftError {
  const error = toGraftError(thrown)
  if (!/no space left on device|disk quota/i.test(error.message)) return error
  return new GraftError('disk-full', error.message, 'Free some space on that disk, or choose another folder.')
}
