import { type AttachedTable, GraftError, type ProjectDocument, type Task } from '../contract'
import { type InputSpec, type ModelSpec, type TableSpec, widthInUse } from '../model/spec'
import { type Column, featuresOf, inputKind, tableName, tableRows, tableWidth, taskOf } from '../schema'
import { tablesAttachedTo } from './edits'
import { checkSharedWeights, listSpecOf, vectorInput, weightColumns } from './listInputs'

/**
 * The model that a document describes, as plain data: its features in ASCII order of their names, and for each vocabulary
 * the tables attached to it, or one that starts at random at the width in force.
 * @throws GraftError `invalid-schema` where there is no feature or one of a kind that no model takes, `shape-mismatch` where
 *   tables of different widths are to be summed; SchemaError where a domain gives a table no size
 */
export function modelSpecOf(document: ProjectDocument): ModelSpec {
  const features = featuresOf(document.schema)
  if (features.length === 0)
    throw new GraftError(
      'invalid-schema',
      'No column is a feature.',
      'Tag the inputs categorical or continuous.',
    )
  const tables = new Map<string, TableSpec>()
  const weights = weightColumns(document, features)
  const taken = features.filter(({ name }) => !weights.has(name))
  const inputs = taken.map((column): InputSpec => {
    switch (inputKind(column)) {
      case 'categorical': {
        const looked = tableSpecsOf(document, column)
        for (const table of looked) {
          const known = tables.get(table.name)
          if (known) known.columns.push(column.name)
          else tables.set(table.name, table)
        }
        return categoricalInput(document, column, looked)
      }
      case 'continuous':
        return column.isList ? vectorInput(column) : { kind: 'continuous', column: column.name }
      default:
        return vectorInput(column)
    }
  })
  checkSharedWeights(inputs)
  const { architecture, settings } = document.model
  return {
    architecture,
    settings,
    inputs,
    tables: [...tables.values()],
    batchSize: document.training.batchSize,
    ...(targetTask(document) === 'regression' && { task: 'regression' }),
  }
}

/** What the tags of a document's target say that is to be predicted; probabilities where there is no target yet. */
export function targetTask({ schema, target }: Pick<ProjectDocument, 'schema' | 'target'>): Task {
  const column = schema.columns.find(({ name }) => name === target)
  return column && taskOf(column) === 'regression' ? 'regression' : 'binary'
}

function categoricalInput(
  document: ProjectDocument,
  described: Column,
  [first, ...others]: readonly TableSpec[],
): InputSpec {
  const { name: column, isList } = described
  if (!first) throw new GraftError('internal', `Column ${column} has no table.`)
  const list = isList ? { list: listSpecOf(document, described) } : {}
  const input = { kind: 'categorical', column, table: first.name, distinctPerBatch: null, ...list } as const
  if (others.length === 0) return input
  const combination = document.combinations[column] ?? 'concat'
  if (combination === 'sum') refuseMixedWidths(column, [first, ...others])
  return { ...input, more: others.map(({ name }) => name), combination }
}

function refuseMixedWidths(column: string, tables: readonly TableSpec[]): void {
  if (new Set(tables.map(widthInUse)).size === 1) return
  const widths = tables.map((table) => `${table.name}: ${widthInUse(table)}`).join(', ')
  throw new GraftError(
    'shape-mismatch',
    `The tables of ${column} are to be summed, and have different widths (${widths}).`,
    'Concatenate them, or project them to one width.',
    { column },
  )
}

/** The tables that a column looks up: those attached to it, or one that starts at random. */
function tableSpecsOf(document: ProjectDocument, column: Column): TableSpec[] {
  const attached = tablesAttachedTo(document, column.name)
  return attached.length > 0
    ? attached.map((table) => attachedSpec(document, column, table))
    : [randomSpec(document, column)]
}

function attachedSpec(document: ProjectDocument, column: Column, table: AttachedTable): TableSpec {
  const { id, rows, width, frozen } = table
  return { ...named(document, column, id), rows, width, frozen, pretrained: true }
}

function randomSpec(document: ProjectDocument, column: Column): TableSpec {
  const override = document.widths[column.name] ?? null
  return {
    ...named(document, column, tableName(column)),
    rows: tableRows(column),
    width: tableWidth(column, document.widthRule, override, null).width,
    frozen: false,
    pretrained: false,
  }
}

function named(
  document: ProjectDocument,
  column: Column,
  name: string,
): Pick<TableSpec, 'name' | 'columns' | 'use'> {
  const use = document.uses[name]
  return { name, columns: [column.name], ...(use && { use }) }
}
