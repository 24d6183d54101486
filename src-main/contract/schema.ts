/** The schema's wire types are the domain's own: `schema/` is pure and imports no sibling. */
export { column, schema, type Column, type Schema } from '../schema/column'
