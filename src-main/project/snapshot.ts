import {
  type AlignmentReport,
  type AttachedTable,
  type ColumnView,
  type DatasetSummary,
  type ModelSummary,
  type ProjectDocument,
  type ProjectSnapshot,
  type RunSummary,
  type TableView,
  type WireError,
} from '../contract'
import {
  type Column,
  featuresOf,
  inputKind,
  hasTableRows,
  roleOf,
  statesWidth,
  tableName,
  tableRows,
  tableWidth,
  type Width,
  widthRule,
} from '../schema'
import { attachedTo, tablesAttachedTo } from './edits'
import { encodingOf } from './columnEncoding'
import { findProblems } from './problems'

/** What is known of a project beside its document: what its files say and what has happened to it. */
export interface ProjectFacts {
  readonly path: string
  readonly dataset: DatasetSummary | null
  /** What of a column has changed since the import. */
  readonly changes: (column: Column) => ColumnView['changed']
  /** Alignment reports of the stored tables, by id. */
  readonly reports: ReadonlyMap<string, AlignmentReport>
  /** Newest first. */
  readonly runs: readonly RunSummary[]
  readonly undo: string | null
  readonly redo: string | null
  readonly saveError: WireError | null
}

/** Describes the model that a document makes. @throws GraftError where the document makes none */
export type Summarize = (document: ProjectDocument) => ModelSummary

/** Everything that the window shows of a project, derived anew from the document after every edit. Quick and pure. */
export function deriveSnapshot(
  document: ProjectDocument,
  facts: ProjectFacts,
  summarize: Summarize,
): ProjectSnapshot {
  const data = new Map(facts.dataset?.columns.map((column) => [column.name, column]))
  const lists = new Set(facts.dataset?.made?.raw.flatMap(({ name, isList }) => (isList ? [name] : [])))
  const columns = document.schema.columns.map((column) => ({
    ...viewColumn(column, document),
    encoding: encodingOf(document, column, lists.has(column.name)),
    inData: data.has(column.name),
    largest: data.get(column.name)?.largest ?? null,
    changed: facts.changes(column),
  }))
  const { problems, model } = findProblems(document, facts.dataset, summarize)
  return {
    path: facts.path,
    document,
    widthRules: [...widthRule.options],
    columns,
    tables: viewTables(document, facts),
    problems,
    dataset: facts.dataset,
    model,
    undo: facts.undo,
    redo: facts.redo,
    saveError: facts.saveError,
  }
}

/** Name of the table that a categorical feature looks up: the attached one's id, else that of its vocabulary. */
export function tableOf(document: ProjectDocument, column: Column): string | null {
  if (inputKind(column) !== 'categorical') return null
  return attachedTo(document, column.name)?.id ?? tableName(column)
}

/** The width in force, or null where the column has no table or its domain gives it none yet. */
export function widthOf(document: ProjectDocument, column: Column): Width | null {
  if (inputKind(column) !== 'categorical') return null
  const pretrained = attachedTo(document, column.name)?.width ?? null
  const override = document.widths[column.name] ?? null
  const rule = override ?? document.widthRule
  const isSaid =
    pretrained !== null || typeof override === 'number' || (rule === 'schema' && statesWidth(column))
  return isSaid || hasTableRows(column) ? tableWidth(column, document.widthRule, override, pretrained) : null
}

function viewColumn(
  column: Column,
  document: ProjectDocument,
): Omit<ColumnView, 'inData' | 'largest' | 'encoding' | 'changed'> {
  const { name, dtype, isList, isRagged, tags, domain } = column
  return {
    name,
    role: roleOf(column),
    dtype,
    isList,
    isRagged,
    tags,
    domain:
      domain && domain.max !== null ? { name: domain.name ?? name, min: domain.min, max: domain.max } : null,
    width: widthOf(document, column),
    table: tableOf(document, column),
  }
}

/** One card a table, in the order of the model's input. */
function viewTables(document: ProjectDocument, facts: ProjectFacts): TableView[] {
  const views = new Map<string, TableView>()
  for (const column of featuresOf(document.schema)) {
    const id = tableOf(document, column)
    const width = widthOf(document, column)
    if (id === null || !width) continue
    const attached = tablesAttachedTo(document, column.name)
    const tables = attached.length > 0 ? attached : [null]
    for (const table of tables) {
      const known = views.get(table?.id ?? id)
      if (known) known.columns.push(column.name)
      // A width that was set by hand needs no domain; a table does, and the problem list says so.
      else if (table || hasTableRows(column))
        views.set(table?.id ?? id, viewTable(facts, column, table, id, width.width))
    }
  }
  return [...views.values()]
}

function viewTable(
  facts: ProjectFacts,
  column: Column,
  attached: AttachedTable | null,
  name: string,
  randomWidth: number,
): TableView {
  const id = attached?.id ?? name
  const rows = attached?.rows ?? tableRows(column)
  const width = attached?.width ?? randomWidth
  return {
    id,
    columns: [column.name],
    rows,
    width,
    bytes: rows * width * Float32Array.BYTES_PER_ELEMENT,
    frozen: attached?.frozen ?? false,
    attached,
    report: attached ? (facts.reports.get(attached.id) ?? null) : null,
    proof: proofOf(id, facts.runs),
  }
}

/** What the newest run that ended showed of the table. */
function proofOf(id: string, runs: readonly RunSummary[]): TableView['proof'] {
  for (const run of runs) {
    const table = run.tables.find((candidate) => candidate.table === id)
    if (!table) continue
    const { frozen, changed, meanRowMovement } = table
    return { run: run.id, frozen, changed, meanRowMovement }
  }
  return null
}
