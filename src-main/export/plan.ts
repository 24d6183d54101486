import { access, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { GraftError } from '../contract/errors'
import { runRecord, type RunRecord } from '../contract/runs'
import { modelSpec, type ModelSpec } from '../model'
import { effectiveSchema } from '../project/effectiveSchema'
import { stagingPath } from '../project/files'
import { writeSchemaPbtxt } from '../schema/pbtxt'
import { readReplay, replay } from '../training/replay'
import type { RunFolder } from '../training/runFolder'
import { rawRows, type RawRows } from './rawRows'

/** All that the export process needs, gathered and checked by main: plain data, so that it crosses to another process. */
export const exportPlan = z.object({
  /** A row of the table of targets. */
  target: z.string(),
  /** The folder to write, absolute. */
  folder: z.string(),
  /** Where it is built until it is whole and checked: beside its place. */
  staging: z.string(),
  force: z.boolean(),
  record: runRecord,
  model: modelSpec,
  /** Prefix of the TensorFlow checkpoint with the trained weights. */
  weights: z.string(),
  /** Text of schema.pbtxt. */
  schema: z.string(),
  replay,
  /** How raw rows become the model's inputs; null where the run knew none, or the data were encoded anew since. */
  raw: rawRows.nullable(),
})
export type ExportPlan = z.infer<typeof exportPlan>

export interface ExportRequest {
  readonly run: RunFolder
  readonly folder: string
  readonly force: boolean
  readonly target?: string
  /** What raw rows need, for a run on raw tables. */
  readonly gatherRaw?: (run: { record: RunRecord; model: ModelSpec }) => Promise<RawRows | null>
}

/**
 * Gathers what a run left behind into a plan; writes nothing.
 * @throws GraftError `not-found` for a run without saved weights, `busy` while it trains, `invalid-file` where its files cannot be read
 */
export async function planExport({
  run,
  folder,
  force,
  target = 'savedmodel',
  gatherRaw = () => Promise.resolve(null),
}: ExportRequest): Promise<ExportPlan> {
  const record = await run.readRecord()
  if (!record) {
    throw new GraftError('not-found', `There is no run ${run.id} in this project.`, 'Choose one of its runs.')
  }
  if (record.status === 'starting' || record.status === 'running' || record.status === 'stopping') {
    throw new GraftError('busy', `Run ${run.id} is still training.`, 'Stop it, or wait until it is done.', {
      run: run.id,
    })
  }
  const model = await readModel(run)
  return {
    target,
    folder,
    staging: stagingPath(folder),
    force,
    record,
    model,
    weights: run.file('weights'),
    schema: writeSchemaPbtxt(effectiveSchema(record.document)),
    replay: await readReplay(run.path),
    raw: await gatherRaw({ record, model }),
  }
}

async function readModel(run: RunFolder): Promise<ModelSpec> {
  const path = run.file('model')
  const text = await access(`${run.file('weights')}.index`)
    .then(() => readFile(path, 'utf8'))
    .catch(() => {
      throw new GraftError(
        'not-found',
        `Run ${run.id} has no saved weights.`,
        'Export a run that completed, or that was stopped and kept.',
        { run: run.id },
      )
    })
  try {
    return modelSpec.parse(JSON.parse(text))
  } catch {
    throw new GraftError('invalid-file', `${path} does not describe a model.`, 'Train again, then export.')
  }
}
