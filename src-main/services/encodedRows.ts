import { basename } from 'node:path'
import { type DataSource, type ImportedSchema, type Schema } from '../contract'
import {
  bringCategories,
  importEncoded,
  partNames,
  type EncodedSources,
  type ImportEncodedRequest,
  type ImportReport,
  type MerlinFolder,
} from '../dataset'
import { type Edit } from '../project/edits'
import { targetsOf } from '../schema'
import { readSchemaFile } from './handlers/schema'
import { type JobContext } from './jobs'
import { type ProjectSession } from './session'

interface EncodedImport {
  schema: Schema
  sources: EncodedSources
  split: string | null
  seed: number
  beside?: ImportEncodedRequest['beside']
}

/** Brings rows whose ids are encoded already into a project: rows and document change together, or not at all. */
export async function importEncodedRows(
  session: ProjectSession,
  { schema, sources, split, seed, beside }: EncodedImport,
  { signal, report }: JobContext,
  imported?: ImportedSchema,
): Promise<ImportReport> {
  const parts = sources.kind === 'random' ? { train: sources.files } : sources
  const source: DataSource = {
    kind: 'encoded',
    files: partNames.flatMap((part) => {
      const files: readonly string[] = (part === 'train' ? parts.train : 'kind' in parts && parts[part]) || []
      return files.map((path) => ({ part, path }))
    }),
    split,
    seed,
  }
  const result = await importEncoded({
    project: session.path,
    schema,
    sources,
    signal,
    beside,
    onProgress: ({ phase, done, total }) =>
      report({
        phase: phase === 'checking' ? 'Checking files' : 'Writing parts',
        done,
        total,
        unit: phase === 'checking' ? 'files' : 'parts',
      }),
    keep: async ({ rows: { train, validation, test } }) => {
      const edits: Edit[] = [
        { type: 'importData', source, schema, rows: train + validation + test, imported },
      ]
      const [only, ...others] = targetsOf(schema)
      if (imported && only && others.length === 0) edits.push({ type: 'setTarget', target: only.name })
      await session.project.replaceSaved(edits)
    },
  })
  await session.refreshDataset()
  return result
}

/** Opens a folder that NVTabular preprocessed as it is: its schema, its parts, and the raw values of its ids. */
export async function importMerlin(
  session: ProjectSession,
  { path, schema: file, files, categories }: MerlinFolder,
  context: JobContext,
): Promise<ImportReport> {
  const schema = await readSchemaFile(file)
  const sources: EncodedSources = { kind: 'parts', train: [], ...files }
  const beside: ImportEncodedRequest['beside'] =
    categories === null
      ? () => Promise.resolve([`${path} has no categories/: ids are shown as they are`])
      : (duck, folder) => bringCategories(duck, categories, schema, folder)
  const given = { schema, sources, split: null, seed: 0, beside }
  return session.schemas.keepFor(schema, basename(file), (imported) =>
    importEncodedRows(session, given, context, imported),
  )
}
