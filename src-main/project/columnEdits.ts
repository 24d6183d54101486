import { type DocumentCommand, type ProjectDocument, type Schema } from '../contract'
import { addTag, type Column, findColumn, setDomainMax, setDtype, setRole, setTags } from '../schema'

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
  const { schema } = document
  const known = new Set(schema.columns.map(({ name }) => name))
  for (const name of names) if (!known.has(name)) findColumn(schema, name)
  const chosen = new Set(names)
  const columns = schema.columns.map((column) => (chosen.has(column.name) ? edit(column, changes) : column))
  return {
    ...document,
    schema: { ...schema, columns },
    widths: editWidths(document.widths, chosen, changes.width),
  }
}

/**
 * A column with the changes made to it, as a schema of its own: no change looks at other columns, and thousands are
 * edited at once. Tags come before the role, so that asking for both ends with the role that was asked for.
 */
function edit(column: Column, changes: Changes): Column {
  const { name } = column
  let next: Schema = { columns: [column], rest: {} }
  if (changes.tags) next = setTags(next, name, changes.tags)
  if (changes.removeTags) {
    const { removeTags } = changes
    const { tags } = findColumn(next, name)
    next = setTags(
      next,
      name,
      tags.filter((tag) => !removeTags.includes(tag)),
    )
  }
  for (const tag of changes.addTags ?? [])
    if (!findColumn(next, name).tags.includes(tag)) next = addTag(next, name, tag)
  if (changes.dtype) next = setDtype(next, name, changes.dtype)
  if (changes.domainMax !== undefined) next = setDomainMax(next, name, changes.domainMax)
  if (changes.role) next = setRole(next, name, changes.role)
  return findColumn(next, name)
}

function editWidths(
  widths: ProjectDocument['widths'],
  names: ReadonlySet<string>,
  width: Changes['width'],
): ProjectDocument['widths'] {
  if (width === undefined) return widths
  const others = Object.fromEntries(Object.entries(widths).filter(([name]) => !names.has(name)))
  return width === null
    ? others
    : { ...others, ...Object.fromEntries([...names].map((name) => [name, width])) }
}
