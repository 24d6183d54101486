import { GraftError, type ProjectDocument, projectDocument, trainingSettings } from '../contract'

export const documentFormat = 'graft-project'
export const documentVersion = 1

/** Brings a document of one version to the next. The entry at index i migrates version i + 1. */
type Migration = (document: Record<string, unknown>) => Record<string, unknown>
const migrations: readonly Migration[] = []

/** A project with nothing in it. */
export function emptyDocument(name: string): ProjectDocument {
  return {
    format: documentFormat,
    version: documentVersion,
    name,
    source: null,
    schema: { columns: [], rest: {} },
    imported: null,
    widthRule: 'merlin',
    widths: {},
    target: null,
    tables: [],
    uses: {},
    combinations: {},
    pooling: {},
    model: { architecture: 'dcn', settings: {} },
    training: trainingSettings.parse({}),
  }
}

/** The text of `graft.json`: indented, so that it can be read and compared. */
export function printDocument(document: ProjectDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads the text of a `graft.json`, of this version or an older one.
 * @param file what messages call the file
 * @throws GraftError `invalid-file` where it is no such document; `unsupported-file` where a newer Graft wrote it
 */
export function parseDocument(text: string, file: string): ProjectDocument {
  const keep = 'Restore the file from a copy, or mend it: nothing was changed.'
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new GraftError('invalid-file', `${file} is not valid JSON: ${why}`, keep, { file })
  }
  if (!isObject(raw) || raw['format'] !== documentFormat)
    throw new GraftError(
      'invalid-file',
      `${file} is not a Graft project: "format" is not "${documentFormat}".`,
      keep,
      {
        file,
      },
    )
  const version = raw['version']
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    throw new GraftError('invalid-file', `${file}: version: not a version number.`, keep, { file })
  if (version > documentVersion)
    throw new GraftError(
      'unsupported-file',
      `${file} was written by a newer Graft (document version ${version}; this one reads up to ${documentVersion}).`,
      'Open it with a newer version of Graft.',
      { file, version },
    )
  const current = migrations.slice(version - 1).reduce((document, migrate) => migrate(document), raw)
  const parsed = projectDocument.safeParse(current)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue && issue.path.length > 0 ? issue.path.map(String).join('.') : 'document'
  throw new GraftError('invalid-file', `${file}: ${field}: ${issue?.message ?? 'invalid'}`, keep, {
    file,
    field,
  })
}
