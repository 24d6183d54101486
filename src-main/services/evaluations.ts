import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type EvaluationResult,
  GraftError,
  hasTag,
  type Part,
  type PredictionResult,
  replaceHint,
  type RunRecord,
  type WrongTypes,
} from '../contract'
import { encodeNewRows, joinPredictions, type NewRows } from '../dataset'
import { evaluation, type EvaluationJob } from '../evaluation/job'
import { modelSpec, taskOfModel } from '../model'
import { exists, writeFileAtomic } from '../project/files'
import { extraIdsOf, heldOutParts } from '../training/extraIds'
import { runTrainerJob } from '../training/job'
import { type JobContext } from './jobs'
import { type ProjectSession } from './session'
import { sliceMetrics } from './slices'
import { type Workbench } from './workbench'

const noOptions = { delimiter: null, quote: null, header: null }

type Found = ReturnType<typeof evaluation.parse>

/** A run's metrics on a part of the data, kept in its `evaluation.json`, or on raw files. */
export async function evaluate(
  bench: Workbench,
  session: ProjectSession,
  given: { run: string; part: Part | null; data: readonly string[]; slices: readonly string[] },
  context: JobContext,
): Promise<EvaluationResult> {
  const { record, job } = await prepare(session, given.run)
  return withScratch(async (scratch) => {
    const predictions = join(scratch, 'predictions.parquet')
    const task = taskOfModel(job.model)
    const measured = async (
      part: EvaluationJob['part'],
    ): Promise<Found & Pick<EvaluationResult, 'slices'>> => {
      const found = await runJob(bench, { ...job, part, predictions }, context)
      context.report({ phase: 'Slicing', done: 0, total: null, unit: 'rows' })
      const slices = await sliceMetrics(await session.data.duck(), {
        files: part.files,
        predictions,
        target: record.target,
        schema: record.document.schema,
        project: session.path,
        columns: given.slices,
        task,
      })
      return { ...found, slices }
    }
    if (given.data.length > 0) {
      const rows = await encode(session, record, given.data, scratch, true, context)
      const found = await measured({ rows: rows.rows, files: [rows.file] })
      const dropped =
        rows.dropped > 0 ? [`${rows.dropped} rows have no ${record.target} and were left out`] : []
      const warnings = [...dropped, ...rows.wrongTypes.map(describeWrongTypes)]
      return { run: record.id, part: null, task, ...found, warnings }
    }
    const part = given.part ?? 'validation'
    const summary = (await session.data.parts()).find((candidate) => candidate.part === part)
    if (!summary || summary.rows === 0)
      throw new GraftError(
        'not-found',
        `The data have no ${part} part.`,
        'Split them, or choose another part.',
      )
    const encoded = { rows: summary.rows, files: summary.files.map(({ path }) => path) }
    const heldOut = await heldOutParts(session.path, record.document, session.embeddings)
    const files = part === 'train' ? encoded : (heldOut[part] ?? encoded)
    const result = { run: record.id, part, task, ...(await measured(files)), warnings: [] }
    await keep(session, record.id, part, result)
    return result
  })
}

/** What of new rows counts as missing because it is of another type. */
export function describeWrongTypes({ column, type, rows, example }: WrongTypes): string {
  const kinds: Record<string, string> = {
    BIGINT: 'an integer',
    DOUBLE: 'a number',
    BOOLEAN: 'true or false',
    TIMESTAMP: 'a time',
  }
  return `${rows} ${rows === 1 ? 'value' : 'values'} of ${column} ${rows === 1 ? 'is' : 'are'} not ${kinds[type] ?? type}, such as "${example}", and ${rows === 1 ? 'counts' : 'count'} as missing`
}

/** Writes raw rows with a column `prediction`. */
export async function predict(
  bench: Workbench,
  session: ProjectSession,
  given: { run: string; data: readonly string[]; out: string; force: boolean },
  context: JobContext,
): Promise<PredictionResult> {
  const out = resolve(given.out)
  if (!given.force && (await exists(out)))
    throw new GraftError('already-exists', `${out} exists.`, replaceHint)
  const { record, job } = await prepare(session, given.run)
  return withScratch(async (scratch) => {
    const rows = await encode(session, record, given.data, scratch, false, context)
    const predictions = join(scratch, 'predictions.parquet')
    const part = { rows: rows.rows, files: [rows.file] }
    await runJob(bench, { ...job, part, userColumn: null, predictions }, context)
    await joinPredictions(rows.input, predictions, out)
    return { run: record.id, path: out, rows: rows.rows, unknown: rows.unknown, wrongTypes: rows.wrongTypes }
  })
}

/** @throws GraftError `not-found` for a run without weights; `invalid-data` where the data were encoded anew since */
async function prepare(
  session: ProjectSession,
  run: string,
): Promise<{ record: RunRecord; job: Omit<EvaluationJob, 'part'> }> {
  const record = await session.runs.record(run)
  const folder = session.runs.folder(run)
  const text = await access(`${folder.file('weights')}.index`)
    .then(() => readFile(folder.file('model'), 'utf8'))
    .catch(() => null)
  if (text === null)
    throw new GraftError(
      'not-found',
      `Run ${run} has no saved weights.`,
      'Choose a run that completed, or that was stopped and kept.',
      { run },
    )
  if ((await session.data.hash()) !== record.datasetHash)
    throw new GraftError(
      'invalid-data',
      `The data were imported, split or encoded anew since run ${run}: its ids stand for other values.`,
      'Train again, or go back to the import and split of that run.',
      { run },
    )
  const model = modelSpec.parse(JSON.parse(text))
  const inputs = new Set(model.inputs.map(({ column }) => column))
  const user = record.document.schema.columns.find(
    (column) => inputs.has(column.name) && hasTag(column.tags, 'user_id'),
  )
  const weights = folder.file('weights')
  return {
    record,
    job: {
      model,
      weights,
      target: record.target,
      rowMemory: record.document.training.rowMemory,
      userColumn: user?.name ?? null,
      predictions: null,
    },
  }
}

async function encode(
  session: ProjectSession,
  record: RunRecord,
  data: readonly string[],
  scratch: string,
  labelled: boolean,
  { report }: JobContext,
): Promise<NewRows> {
  const { source } = record.document
  if (source?.kind !== 'tables' && !(await exists(join(session.path, 'dataset', 'encoding.json'))))
    throw new GraftError(
      'invalid-setting',
      'The run was not trained on raw tables, so raw rows cannot be encoded for it.',
      'Evaluate a part instead, or import raw tables and train on them. Of a preprocessed folder only categories with one id for all unknown values can be encoded.',
    )
  report({ phase: 'Encoding', done: 0, total: null, unit: 'rows' })
  const files = data.map((path) => resolve(path))
  const extra = extraIdsOf(record.document, session.embeddings)
  const { target } = record
  const { options, joins } = source?.kind === 'tables' ? source : { options: noOptions, joins: [] }
  return encodeNewRows({
    project: session.path,
    source: { options, joins },
    files,
    target,
    labelled,
    extra,
    scratch,
  })
}

async function runJob(bench: Workbench, request: EvaluationJob, context: JobContext): Promise<Found> {
  context.report({ phase: 'Predicting', done: 0, total: null, unit: 'rows' })
  const job = { kind: 'evaluate' as const, engine: bench.engine.requireFolder(), request }
  const parsed = evaluation.safeParse(
    await runTrainerJob(bench.options.fork, job, { signal: context.signal }),
  )
  if (parsed.success) return parsed.data
  throw new GraftError('internal', parsed.error.message)
}

/** `runs/<id>/evaluation.json`: the newest evaluation of each part. */
async function keep(
  session: ProjectSession,
  run: string,
  part: Part,
  result: EvaluationResult,
): Promise<void> {
  const path = join(session.runs.folder(run).path, 'evaluation.json')
  const before: unknown = await readFile(path, 'utf8')
    .then((text): unknown => JSON.parse(text))
    .catch(() => null)
  const others = typeof before === 'object' && before !== null ? before : {}
  await writeFileAtomic(path, `${JSON.stringify({ ...others, [part]: result }, null, 2)}\n`)
}

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'graft-rows-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
