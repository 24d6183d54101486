export * from './column'
export * from './errors'
export * from './tags'
export * from './width'
export * from './files'
export { readSchemaJson, schemaFromObject, schemaToObject, writeSchemaJson } from './merlinJson'
export { readSchemaPbtxt, writeSchemaPbtxt } from './pbtxt'
export * from './edit'
export * from './validate'
export {
  changedField,
  columnChange,
  diffColumns,
  diffSchemas,
  type ChangedField,
  type ColumnChange,
} from './diff'
