import { type ProjectDocument, type Schema } from '../contract'

/**
 * The schema as others should read it: where a pretrained table is attached, the stated embedding size is that
 * table's. The document keeps the imported size, so that detaching brings it back.
 */
export function effectiveSchema(document: ProjectDocument): Schema {
  const columns = document.schema.columns.map((column) => {
    const table = document.tables.find((candidate) => candidate.columns.includes(column.name))
    return table ? { ...column, embedding: { cardinality: table.rows - 1, dimension: table.width } } : column
  })
  return { ...document.schema, columns }
}
