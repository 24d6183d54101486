import {
  type AttachedTable,
  type DataSource,
  type DocumentCommand,
  GraftError,
  type ImportedSchema,
  type ProjectDocument,
  type Schema,
  tableUse,
  type TableUse,
} from '../contract'
import { featuresOf, findColumn, inputKind, roleOf, tableName, targetsOf } from '../schema'
import { editColumns } from './columnEdits'

/** Edits that only main can make, for they say what it did with files. */
type FileEdit =
  /** `add`: beside the tables that its columns have, and not in their place. */
  | { readonly type: 'attach'; readonly table: AttachedTable; readonly add?: boolean }
  | {
      readonly type: 'importSchema'
      readonly schema: Schema
      readonly file: string
      readonly imported?: ImportedSchema
    }
  | {
      readonly type: 'importData'
      readonly source: DataSource
      readonly schema: Schema
      readonly rows: number
      /** Left out where the rows were only encoded anew: the person's edits are still edits. */
      readonly imported?: ImportedSchema
    }
  | { readonly type: 'reload'; readonly document: ProjectDocument }

/** Everything that can happen to a document. Each is one step of undo. */
export type Edit = DocumentCommand | FileEdit

/** The document after an edit; the one given stays as it is. */
export function applyEdit(document: ProjectDocument, edit: Edit): ProjectDocument {
  switch (edit.type) {
    case 'rename':
      return { ...document, name: edit.name }
    case 'setColumns':
      return settle(editColumns(document, edit.columns, edit.changes))
    case 'setWidthRule':
      return { ...document, widthRule: edit.rule }
    case 'setTarget':
      return setTarget(document, edit.target)
    case 'setFrozen':
      return setFrozen(document, edit.table, edit.frozen)
    case 'setUse':
      return setUse(document, edit.table, edit.changes)
    case 'setCombination':
      findColumn(document.schema, edit.column)
      if (edit.combination === 'sum') refuseMixedWidths(document, edit.column)
      return { ...document, combinations: { ...document.combinations, [edit.column]: edit.combination } }
    case 'setPooling':
      findColumn(document.schema, edit.column)
      return { ...document, pooling: { ...document.pooling, [edit.column]: edit.pooling } }
    case 'detach':
      return detach(document, edit.column, edit.table)
    case 'setModel':
      return { ...document, model: edit.model }
    case 'setTraining':
      return { ...document, training: { ...document.training, ...edit.changes } }
    case 'attach':
      return attach(document, edit.table, edit.add ?? false)
    case 'importSchema':
      return settle({ ...document, schema: edit.schema, imported: edit.imported ?? document.imported })
    case 'importData':
      return settle({
        ...document,
        source: edit.source,
        schema: edit.schema,
        imported: edit.imported ?? document.imported,
      })
    case 'reload':
      return edit.document
  }
}

/** What undo and redo call an edit: "Undo: freeze movieId". */
export function labelOf(edit: Edit): string {
  switch (edit.type) {
    case 'rename':
      return `rename to ${edit.name}`
    case 'setColumns':
      return `edit ${edit.columns.length === 1 ? (edit.columns[0] ?? '') : `${edit.columns.length} columns`}`
    case 'setWidthRule':
      return `use ${edit.rule} widths`
    case 'setTarget':
      return edit.target === null ? 'choose no target' : `predict ${edit.target}`
    case 'setFrozen':
      return `${edit.frozen ? 'freeze' : 'unfreeze'} ${edit.table}`
    case 'setUse':
      return `change the use of ${edit.table}`
    case 'setCombination':
      return `${edit.combination === 'sum' ? 'sum' : 'concatenate'} the tables of ${edit.column}`
    case 'setPooling':
      return `pool ${edit.column} by ${edit.pooling.how}`
    case 'detach':
      return `detach the table of ${edit.column}`
    case 'setModel':
      return 'change the model'
    case 'setTraining':
      return 'change training'
    case 'attach':
      return `attach vectors to ${edit.table.columns.join(', ')}`
    case 'importSchema':
      return `import ${edit.file}`
    case 'importData':
      return `import ${edit.rows.toLocaleString('en')} rows`
    case 'reload':
      return 'changes made outside'
  }
}

function setTarget(document: ProjectDocument, target: string | null): ProjectDocument {
  if (target === null) return { ...document, target }
  const column = findColumn(document.schema, target)
  if (roleOf(column) !== 'target')
    throw new GraftError(
      'invalid-setting',
      `Column ${target} is no target.`,
      `Give it the role "target" in the schema first; targets are ${
        targetsOf(document.schema)
          .map(({ name }) => name)
          .join(', ') || 'none yet'
      }.`,
      { column: target },
    )
  return { ...document, target }
}

function setFrozen(document: ProjectDocument, id: string, frozen: boolean): ProjectDocument {
  if (!document.tables.some((table) => table.id === id))
    throw new GraftError(
      'invalid-setting',
      `There is no attached table ${id}.`,
      'Only pretrained tables can be frozen: attach vectors to the column first.',
      { table: id },
    )
  return {
    ...document,
    tables: document.tables.map((table) => (table.id === id ? { ...table, frozen } : table)),
  }
}

/** The attached tables that the column looks up, in the order in which they were attached. */
export function tablesAttachedTo(document: ProjectDocument, column: string): AttachedTable[] {
  return document.tables.filter((table) => table.columns.includes(column))
}

/** The attached table that the column looks up, the first one where there are several, or null. */
export function attachedTo(document: ProjectDocument, column: string): AttachedTable | null {
  return tablesAttachedTo(document, column)[0] ?? null
}

/** Whether that is an attached table, or the vocabulary of a column that has a random one. */
export function isTable(document: ProjectDocument, name: string): boolean {
  return (
    document.tables.some(({ id }) => id === name) ||
    featuresOf(document.schema).some(
      (column) => inputKind(column) === 'categorical' && tableName(column) === name,
    )
  )
}

function setUse(document: ProjectDocument, table: string, changes: Partial<TableUse>): ProjectDocument {
  if (!isTable(document, table))
    throw new GraftError(
      'invalid-setting',
      `There is no embedding table ${table}.`,
      'Name an attached table, or the vocabulary of a categorical column.',
      { table },
    )
  const use = tableUse.parse({ ...document.uses[table], ...changes })
  return { ...document, uses: { ...document.uses, [table]: use } }
}

/** Takes one of a column's tables off it, or all of them. */
function detach(document: ProjectDocument, name: string, id: string | null): ProjectDocument {
  findColumn(document.schema, name)
  const tables = document.tables.filter(
    (table) => table.columns.includes(name) && (id === null || table.id === id),
  )
  if (tables.length === 0)
    throw new GraftError(
      'invalid-setting',
      `Column ${name} has no attached table${id === null ? '' : ` ${id}`}.`,
      'There is nothing to detach.',
      { column: name },
    )
  const others = document.tables.filter((table) => !tables.includes(table))
  const left = withoutColumns(tables, [name])
  const kept = document.tables.flatMap((table) =>
    others.includes(table) ? [table] : left.filter((one) => one.id === table.id),
  )
  return withTables(document, kept)
}

/** The width at which a table enters the model. */
export function widthInUse({ uses }: ProjectDocument, { id, width }: AttachedTable): number {
  return uses[id]?.projection?.width ?? width
}

/** @throws GraftError `shape-mismatch` where the tables of the column cannot be added up */
function refuseMixedWidths(document: ProjectDocument, column: string): void {
  const tables = tablesAttachedTo(document, column)
  if (new Set(tables.map((table) => widthInUse(document, table))).size < 2) return
  const widths = tables.map((table) => `${table.id} has ${widthInUse(document, table)}`).join(', ')
  throw new GraftError(
    'shape-mismatch',
    `The tables of ${column} have different widths and cannot be summed: ${widths}.`,
    'Project them to one width first, or put them side by side.',
    { column },
  )
}

/**
 * The document with these tables, and without what was said of those that went: a random table that bears the name of one
 * that was detached starts anew.
 */
function withTables(document: ProjectDocument, tables: AttachedTable[]): ProjectDocument {
  const kept = new Set(tables.map(({ id }) => id))
  const gone = new Set(document.tables.map(({ id }) => id).filter((id) => !kept.has(id)))
  const several = (column: string): boolean =>
    tables.filter(({ columns }) => columns.includes(column)).length > 1
  return {
    ...document,
    tables,
    uses: Object.fromEntries(Object.entries(document.uses).filter(([id]) => !gone.has(id))),
    combinations: Object.fromEntries(
      Object.entries(document.combinations).filter(([column]) => several(column)),
    ),
  }
}

/** The tables that are left where these columns look up none of them. */
function withoutColumns(tables: readonly AttachedTable[], columns: readonly string[]): AttachedTable[] {
  return tables
    .map((table) => ({ ...table, columns: table.columns.filter((column) => !columns.includes(column)) }))
    .filter((table) => table.columns.length > 0)
}

/**
 * Grafts a table onto its columns and onto all that share their domain, in the place of what they had or beside it. One
 * that takes the place of one other is used as that one was.
 */
function attach(document: ProjectDocument, table: AttachedTable, add: boolean): ProjectDocument {
  for (const name of table.columns) {
    const column = findColumn(document.schema, name)
    if (inputKind(column) !== 'categorical')
      throw new GraftError(
        'invalid-setting',
        `Column ${name} is not a categorical feature, so it looks up no table.`,
        'Tag it categorical in the schema, or choose another column.',
        { column: name },
      )
  }
  const domains = new Set(table.columns.map((name) => tableName(findColumn(document.schema, name))))
  const columns = featuresOf(document.schema)
    .filter((column) => inputKind(column) === 'categorical' && domains.has(tableName(column)))
    .map(({ name }) => name)
  const grafted = { ...table, columns }
  if (add) return { ...document, tables: [...document.tables, grafted] }
  const others = withoutColumns(document.tables, columns)
  const replaced = document.tables.filter(({ id }) => !others.some((other) => other.id === id))
  const use = replaced.length === 1 && replaced[0] ? document.uses[replaced[0].id] : undefined
  const next = withTables(document, [...others, grafted])
  return use ? { ...next, uses: { ...next.uses, [table.id]: use } } : next
}

/** Takes back what the schema no longer bears: a chosen target that is none, widths and tables of columns that went. */
function settle(document: ProjectDocument): ProjectDocument {
  const roles = new Map(document.schema.columns.map((column) => [column.name, roleOf(column)]))
  const gone = document.tables.flatMap((table) => table.columns).filter((name) => !roles.has(name))
  const targets = targetsOf(document.schema)
  const kept = document.target !== null && roles.get(document.target) === 'target' ? document.target : null
  const left = gone.length > 0 ? withTables(document, withoutColumns(document.tables, gone)) : document
  return {
    ...left,
    target: kept ?? (targets.length === 1 ? (targets[0]?.name ?? null) : null),
    widths: Object.fromEntries(Object.entries(document.widths).filter(([name]) => roles.has(name))),
  }
}
