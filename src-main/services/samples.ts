import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type AppInfo, GraftError, type ProjectDocument } from '../contract'
import { readSample, type Sample, writeSampleData } from '../dataset'
import { EmbeddingStore } from '../embeddings'
import { emptyDocument } from '../project/document'
import { applyEdit } from '../project/edits'
import { ImportedSchemas } from '../project/importedSchema'
import { Project } from '../project/project'
import { type JobContext } from './jobs'
import { stageProject } from './newProject'

type SampleInfo = AppInfo['samples'][number]

/** The samples that ship with Graft, for the cards of the start view. */
export async function listSamples(folder: string): Promise<SampleInfo[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  return Promise.all(
    names.map(async (id) => {
      const { title, description } = await readSample(join(folder, id))
      return { id, title, description }
    }),
  )
}

/**
 * Makes a project of a sample: its schema and rows, its mock tables attached, its target chosen. It is built under
 * another name beside `path` and renamed, so that there is all of it or nothing.
 * @param folder folder of all samples
 * @throws GraftError `not-found` for an unknown sample, `already-exists` where `path` holds something
 */
export async function createSample(
  folder: string,
  id: string,
  path: string,
  { signal, report }: Pick<JobContext, 'signal' | 'report'>,
): Promise<void> {
  const samples = await listSamples(folder)
  if (!samples.some((sample) => sample.id === id))
    throw new GraftError(
      'not-found',
      `There is no sample ${id}.`,
      `Choose one of: ${samples.map((sample) => sample.id).join(', ')}.`,
    )
  const sample = await readSample(join(folder, id))
  const steps = 2 + sample.tables.length
  const step = (phase: string, done: number): void => {
    if (signal.aborted) throw new GraftError('cancelled', `Creating ${basename(path)} was cancelled.`)
    report({ phase, done, total: steps, unit: 'steps' })
  }
  await stageProject(path, async (staging) => {
    await mkdir(staging)
    step(`Drawing ${sample.rows.toLocaleString('en')} rows`, 0)
    await writeSampleData(sample, staging)
    const document = await attachMocks(sample, staging, basename(path), (name, index) =>
      step(`Drawing the table of ${name}`, 1 + index),
    )
    step('Saving', steps - 1)
    await (await Project.create(staging, document, { among: 'parts' })).close()
  })
}

async function attachMocks(
  sample: Sample,
  staging: string,
  name: string,
  step: (column: string, index: number) => void,
): Promise<ProjectDocument> {
  let document: ProjectDocument = {
    ...emptyDocument(name),
    source: { kind: 'synthetic', sample: sample.name, rows: sample.rows, seed: sample.seed },
    schema: sample.parsedSchema,
    imported: await new ImportedSchemas(staging).keep(sample.parsedSchema, sample.name),
    target: sample.target,
  }
  const store = new EmbeddingStore(staging)
  for (const [index, mock] of sample.tables.entries()) {
    step(mock.column, index)
    const { hash, report, source } = await store.writeMock(mock.column, mock)
    const { rows, width, frozen } = report
    const table = {
      id: mock.column,
      columns: [mock.column],
      rows,
      width,
      frozen,
      extraRows: 0,
      extraKeys: null,
      source,
      hash,
    }
    document = applyEdit(document, { type: 'attach', table })
  }
  return document
}
