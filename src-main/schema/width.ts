import { z } from 'zod'
import type { Column } from './column'
import { SchemaError } from './errors'
import { hasTag } from './tags'

/** The named rules for the width of a table that has no pretrained file. */
export const widthRule = z.enum(['merlin', 'schema', 'nvtabular'])
export type WidthRule = z.infer<typeof widthRule>

/** A width that a person set for one column: a number, or a rule of its own. */
export const widthOverride = z.union([z.number().int().min(1).max(65_536), widthRule])
export type WidthOverride = z.infer<typeof widthOverride>

/** Where a width came from. */
export const widthOrigin = z.enum(['pretrained', 'user', 'merlin', 'schema', 'nvtabular'])
export type WidthOrigin = z.infer<typeof widthOrigin>

export const width = z.object({ width: z.number().int().min(1), from: widthOrigin })
export type Width = z.infer<typeof width>

/** Whether the column's domain says how many rows its table has. */
export function hasTableRows({ domain }: Column): boolean {
  return domain?.kind === 'int' && domain.max !== null && domain.max >= 1
}

/**
 * Rows of the column's table: one for each id from 0 (unknown) to the domain's maximum.
 * @throws SchemaError where the column is not categorical, or has no domain with a maximum
 */
export function tableRows(column: Column): number {
  if (!hasTag(column.tags, 'categorical'))
    throw new SchemaError(
      'invalid-schema',
      `column ${column.name} is not categorical, so no embedding table belongs to it`,
      'Choose a categorical column, or give this one the tag categorical.',
    )
  const max = column.domain?.max ?? null
  if (column.domain?.kind !== 'int' || max === null || max < 1)
    throw new SchemaError(
      'invalid-schema',
      `column ${column.name} is categorical but its domain has no maximum`,
      'Set the largest id of the column in the schema, or import data so that it is found.',
    )
  return max + 1
}

/** Merlin Models' default: ceil(2 · rows^0.25), rounded up to a multiple of 8. Rows count the unknown. */
export function merlinWidth(rows: number): number {
  return Math.ceil(Math.ceil(2 * rows ** 0.25) / 8) * 8
}

/** NVTabular's rule (`_emb_sz_rule`, from fast.ai): clamp(round(1.6 · n^0.56), 16, 512), n being the number of real values. */
export function nvtabularWidth(values: number): number {
  return Math.min(512, Math.max(16, Math.round(1.6 * values ** 0.56)))
}

/** Whether the schema itself states the width of the column's table. */
export function statesWidth({ embedding }: Column): boolean {
  return embedding !== null && embedding.dimension >= 1
}

function ruleWidth(column: Column, rule: WidthRule): Width {
  if (rule === 'schema' && column.embedding && statesWidth(column))
    return { width: Math.round(column.embedding.dimension), from: 'schema' }
  const rows = tableRows(column)
  if (rule === 'nvtabular') return { width: nvtabularWidth(rows - 1), from: 'nvtabular' }
  // A schema that states no size for this column leaves it to the default rule, and the grid says so.
  return { width: merlinWidth(rows), from: 'merlin' }
}

/**
 * The width in force of a categorical column's table: first the pretrained file's, then one that the person set,
 * then the project's rule.
 * @param override a number, or the name of a rule for this column alone
 * @param pretrainedWidth width of the attached table, after any projection
 */
export function tableWidth(
  column: Column,
  rule: WidthRule,
  override: WidthOverride | null = null,
  pretrainedWidth: number | null = null,
): Width {
  if (pretrainedWidth !== null) return { width: pretrainedWidth, from: 'pretrained' }
  if (typeof override === 'number') return { width: override, from: 'user' }
  return ruleWidth(column, override ?? rule)
}
