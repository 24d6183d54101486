import { GraftError, type ProjectDocument } from '../contract'
import { type InputSpec, type ModelSpec, type TableSpec } from '../model/spec'
import { type Column, featuresOf, inputKind, tableName, tableRows, tableWidth } from '../schema'
import { attachedTo } from './edits'

/**
 * The model that a document describes, as plain data: its features in ASCII order of their names, and one table for
 * each vocabulary, at the width in force.
 * @throws GraftError `invalid-schema` where there is no feature or one of a kind that no model takes; SchemaError where
 *   a domain gives a table no size
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
  const inputs = features.map((column): InputSpec => {
    switch (inputKind(column)) {
      case 'categorical': {
        const table = tableSpecOf(document, column)
        const known = tables.get(table.name)
        if (known) known.columns.push(column.name)
        else tables.set(table.name, table)
        return { kind: 'categorical', column: column.name, table: table.name, distinctPerBatch: null }
      }
      case 'continuous':
        return { kind: 'continuous', column: column.name }
      default:
        throw new GraftError(
          'invalid-schema',
          `Column ${column.name} holds vectors, which no model takes as they are yet.`,
          'Set its role to ignored.',
          { column: column.name },
        )
    }
  })
  const { architecture, settings } = document.model
  return {
    architecture,
    settings,
    inputs,
    tables: [...tables.values()],
    batchSize: document.training.batchSize,
  }
}

function tableSpecOf(document: ProjectDocument, column: Column): TableSpec {
  const attached = attachedTo(document, column.name)
  const rows = tableRows(column)
  const override = document.widths[column.name] ?? null
  return {
    name: attached?.id ?? tableName(column),
    columns: [column.name],
    rows: attached?.rows ?? rows,
    width: tableWidth(column, document.widthRule, override, attached?.width ?? null).width,
    frozen: attached?.frozen ?? false,
    pretrained: attached !== null,
  }
}
