/** The schema's wire types are the domain's own: `schema/` is pure and imports no sibling. */
export {
  column,
  dtype,
  role,
  schema,
  type Column,
  type Dtype,
  type Role,
  type Schema,
} from '../schema/column'
export { changedField, columnChange, type ChangedField, type ColumnChange } from '../schema/diff'
export { widthOverride, widthRule, type WidthOverride, type WidthRule } from '../schema/width'
export {
  collisionsOf,
  familyOf,
  hasTag,
  isKnownTag,
  knownTags,
  tagFamilies,
  tagsExcludedBy,
  type TagFamily,
} from '../schema/tags'
