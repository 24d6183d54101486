import { type DocumentCommand, type ProjectDocument, type Schema } from '../contract'
import { findColumn, setDomainMax, setDtype, setRole, setTags } from '../schema'

type Changes = Extract<DocumentCommand, { type: 'setColumns' }>['changes']

/**
 * The document with the same changes made to several columns.
 * @throws SchemaError where a column is unknown or does not bear a change; nothing changed then
 */
export function editColumns(
  document: ProjectDocument,
  names: readonly string[],
  changes: Changes,
): ProjectDocument {
  const schema = names.reduce((edited, name) => editColumn(edited, name, changes), document.schema)
  return { ...document, schema, widths: editWidths(document.widths, names, changes.width) }
}

/** Tags come before the role, so that asking for both ends with the role that was asked for. */
function editColumn(schema: Schema, name: string, changes: Changes): Schema {
  findColumn(schema, name)
  let next = schema
  if (changes.tags) next = setTags(next, name, changes.tags)
  if (changes.addTags || changes.removeTags) {
    const { addTags = [], removeTags = [] } = changes
    const kept = findColumn(next, name).tags.filter((tag) => !removeTags.includes(tag))
    next = setTags(next, name, [...new Set([...kept, ...addTags])])
  }
  if (changes.dtype) next = setDtype(next, name, changes.dtype)
  if (changes.domainMax !== undefined) next = setDomainMax(next, name, changes.domainMax)
  if (changes.role) next = setRole(next, name, changes.role)
  return next
}

function editWidths(
  widths: ProjectDocument['widths'],
  names: readonly string[],
  width: Changes['width'],
): ProjectDocument['widths'] {
  if (width === undefined) return widths
  const others = Object.fromEntries(Object.entries(widths).filter(([name]) => !names.includes(name)))
  return width === null ? others : { ...others, ...Object.fromEntries(names.map((name) => [name, width])) }
}
