import { readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import {
  GraftError,
  type ColumnEncoding,
  type ColumnUse,
  type DelimitedOptions,
  type DerivedWish,
  type ImportedSchema,
  type JoinSource,
  type ProjectDocument,
  type TablesInference,
  type TablesPreview,
  tablesReport,
  type TablesReport,
  type TablesSource,
} from '../contract'
import {
  encodeAgain,
  importTables,
  inferAgain,
  isLearnt,
  previewTables,
  rawColumnsOf,
  settleWishes,
  tagChosen,
  type BuiltDataset,
  type TargetWish,
} from '../dataset'
import { applyEdit, type Edit } from '../project/edits'
import { findColumn, roleOf, tableName } from '../schema'
import { type JobContext } from './jobs'
import { type ProjectSession } from './session'

export interface TablesImport {
  files: TablesSource['files']
  joins: JoinSource[]
  options: DelimitedOptions
  split: string | null
  seed: number
  target: string | null
  derived: DerivedWish[]
  uses: Record<string, ColumnUse>
}

/** `COLUMN`, or `COLUMN>NUMBER` where no column has that very name. */
function parseTarget(text: string): TargetWish {
  const found = /^(.+?)\s*>\s*(-?\d+(?:\.\d+)?)$/.exec(text)
  return found?.[1] ? { column: found[1], above: Number(found[2]) } : { column: text, above: null }
}

/** Looks at the first rows of tables; needs no project and changes none. */
export async function previewOf(
  given: {
    files: string[]
    joins: { path: string; on: string | null; key: string | null }[]
    options: DelimitedOptions
    target: string | null
  },
  signal: AbortSignal,
): Promise<TablesPreview> {
  return previewTables({
    signal,
    files: given.files.map((path) => resolve(path)),
    joins: given.joins.map((join) => ({ ...join, path: resolve(join.path) })),
    options: given.options,
    target: given.target === null ? null : parseTarget(given.target),
  })
}

/** Imports raw tables into a project. What the person said of columns of the same names before stays said. */
export async function importIntoProject(
  session: ProjectSession,
  given: TablesImport,
  { signal, report }: JobContext,
): Promise<TablesReport> {
  const { document } = session
  const source: TablesSource = {
    kind: 'tables',
    files: given.files.map(({ part, path }) => ({ part, path: resolve(path) })),
    joins: given.joins.map((join) => ({ ...join, path: resolve(join.path) })),
    options: given.options,
    split: given.split,
    seed: given.seed,
    derived: [],
    encoding: {},
  }
  // A schema that was imported by hand describes this table; that of other data does not.
  const described = document.source === null
  return settle(
    session,
    [],
    (keep) =>
      importTables({
        project: session.path,
        source,
        schema: described ? document.schema : { columns: [], rest: {} },
        guess: {
          target: given.target === null ? null : parseTarget(given.target),
          derived: given.derived,
          uses: given.uses,
        },
        signal,
        report,
        keep,
      }),
    given.files.map(({ path }) => basename(path)).join(', '),
  )
}

/**
 * Splits and encodes the rows of a project anew. What fails leaves rows and document as they were.
 * @param changes `edits`: of the document, which are made together with the encoding or not at all
 * @throws GraftError `invalid-setting` where the rows were not imported raw
 */
export async function encodeProject(
  session: ProjectSession,
  changes: {
    edits?: readonly Edit[]
    split?: string | null
    seed?: number
    encoding?: Record<string, ColumnEncoding>
    derive?: DerivedWish[]
    drop?: string[]
    infer?: boolean
  },
  { signal, report }: JobContext,
): Promise<TablesReport> {
  const edits = changes.edits ?? []
  const document = edits.reduce(applyEdit, session.document)
  const { source, schema } = document
  if (source?.kind !== 'tables')
    throw new GraftError(
      'invalid-setting',
      'The data were not imported from raw tables, so there is nothing to encode.',
      'Import raw tables (CSV, TSV, JSON lines or Parquet) first.',
    )
  for (const name of Object.keys(changes.encoding ?? {})) findColumn(schema, name)
  const derived = source.derived.filter((of) => !(isLearnt(of) && changes.drop?.includes(of.name)))
  const unknown = changes.drop?.find((name) => !source.derived.some((of) => isLearnt(of) && of.name === name))
  if (unknown !== undefined)
    throw new GraftError(
      'unknown-column',
      `There is no target encoding and no count ${unknown} to take off.`,
      'Name one that was derived.',
      { column: unknown },
    )
  const changed: TablesSource = {
    ...source,
    derived: settleWishes(changes.derive ?? [], await rawColumnsOf(session.path), derived, document.target),
    split: changes.split === undefined ? source.split : changes.split,
    seed: changes.seed ?? source.seed,
    encoding: {
      ...Object.fromEntries(
        Object.entries(source.encoding).filter(([name]) => !changes.drop?.includes(name)),
      ),
      ...changes.encoding,
    },
  }
  const wishes = changed.derived.filter(isLearnt)
  const request = changes.infer
    ? {
        source: { ...changed, encoding: {} },
        schema: { columns: [], rest: schema.rest },
        guess: { target: targetWish(document), derived: wishes },
      }
    : { source: changed, schema: tagChosen(schema, changes.encoding ?? {}), guess: null }
  return settle(session, edits, (keep) =>
    encodeAgain({ project: session.path, ...request, signal, report, keep }),
  )
}

/** The target of a project as a person would have named it. */
function targetWish({ source, target }: ProjectDocument): TargetWish | null {
  if (target === null || source?.kind !== 'tables') return null
  const made = source.derived.find(({ name }) => name === target)
  if (made?.kind === 'threshold') return { column: made.column, above: made.above }
  return made ? null : { column: target, above: null }
}

/** What the rules take the raw columns of a project for. @throws GraftError `not-found` where it has none */
export async function inferProject(session: ProjectSession): Promise<TablesInference> {
  const { document, path } = session
  const { columns, guesses, target, warnings } = await inferAgain(
    path,
    targetWish(document),
    document.source?.kind === 'tables' ? document.source.split : null,
  )
  return {
    columns: columns.map(({ name, type, isList }) => {
      const guess = guesses.find(({ column }) => column === name)
      const tags = guess?.tags ?? []
      const proposed = name === target ? 'target' : guess?.ignored ? 'ignored' : 'feature'
      const now = document.schema.columns.find((column) => column.name === name)
      const kind = (of: readonly string[]): boolean => of.includes('categorical')
      return {
        name,
        type: `${type}${isList ? '[]' : ''}`,
        role: proposed,
        tags,
        encoding: guess?.encoding?.kind ?? null,
        reason: guess?.reason ?? '',
        now: now ? { role: roleOf(now), tags: [...now.tags] } : null,
        differs: !now || roleOf(now) !== proposed || kind(now.tags) !== kind(tags),
      }
    }),
    target,
    warnings,
  }
}

/**
 * Makes rows together with the edits that they need: the document says what the rows are, or both are as before.
 * @param first edits to make before those
 * @param files what the rows came from, where they are new
 */
async function settle(
  session: ProjectSession,
  first: readonly Edit[],
  make: (keep: (built: BuiltDataset) => Promise<void>) => Promise<BuiltDataset>,
  files?: string,
): Promise<TablesReport> {
  let report: TablesReport | null = null
  const built = await make(async (found) => {
    const detached = staleTables(session.document, found.report.changedDomains)
    report = withDetached(found.report, detached)
    await writeFile(reportPath(session.path), JSON.stringify(report))
    const save = async (imported?: ImportedSchema): Promise<void> => {
      const edits = [...first, ...editsOf(found, detached, imported)]
      const { target } = edits.reduce(applyEdit, session.document)
      if (found.target !== null && target === null) edits.push({ type: 'setTarget', target: found.target })
      await session.project.replaceSaved(edits)
    }
    if (files === undefined) await save()
    else await session.schemas.keepFor(found.schema, files, save)
  })
  await session.refreshDataset()
  return report ?? built.report
}

function withDetached(report: TablesReport, detached: readonly string[]): TablesReport {
  const warnings = detached.map(
    (column) =>
      `the ids of ${column} stand for other values now, so its vectors were taken off: attach them again`,
  )
  return { ...report, warnings: [...report.warnings, ...warnings] }
}

const reportPath = (project: string): string => join(project, 'dataset', 'import.json')

/** What the last import or encoding of a project told; null where it was not of raw tables. */
export async function lastReport(project: string): Promise<TablesReport | null> {
  try {
    const parsed = tablesReport.safeParse(JSON.parse(await readFile(reportPath(project), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

function editsOf(built: BuiltDataset, detached: readonly string[], imported?: ImportedSchema): Edit[] {
  const { train, validation, test } = built.report.rows
  return [
    ...detached.map((column): Edit => ({ type: 'detach', column, table: null })),
    {
      type: 'importData',
      source: built.source,
      schema: built.schema,
      rows: train + validation + test,
      imported,
    },
  ]
}

/** Columns with vectors for ids that stand for other values now. */
function staleTables({ tables, schema }: ProjectDocument, changedDomains: readonly string[]): string[] {
  return tables.flatMap(({ columns }) =>
    columns.filter((name) => {
      const column = schema.columns.find((candidate) => candidate.name === name)
      return column !== undefined && changedDomains.includes(tableName(column))
    }),
  )
}
