import { type ColumnEncoding, type EncodedFrom, type Problem, type ProjectDocument } from '../contract'
import { type Column, inputKind, roleOf } from '../schema'

/** Settings of an encoding that nobody has chosen yet. */
export const usualEncoding = {
  categorical: {
    kind: 'categorical',
    minCount: 1,
    maxSize: null,
    buckets: null,
    nulls: 'unknown',
    domain: null,
  },
  continuous: { kind: 'continuous', transform: 'standardise', bins: 100, fill: 'mean', indicator: false },
  list: {
    kind: 'list',
    separator: null,
    as: 'ids',
    minCount: 1,
    maxSize: null,
    buckets: null,
    domain: null,
    maxLength: 50,
    keep: 'last',
  },
  vector: { kind: 'vector', separator: null },
  target: { kind: 'target', positive: null },
} as const satisfies Record<string, ColumnEncoding>

/**
 * How a raw column is encoded: the schema says what it is for, the stored settings how it is done.
 * @param holdsLists whether its raw values are lists
 * @returns null where it is no input and no target
 */
export function encodingInForce(
  column: Column,
  holdsLists: boolean,
  stored: ColumnEncoding | undefined,
): ColumnEncoding | null {
  const kind = inputKind(column)
  if (roleOf(column) === 'target') return stored?.kind === 'target' ? stored : usualEncoding.target
  // Columns of 0 and 1 have roles of their own, and weights are no input: both are there whatever their source is for.
  if (stored?.kind === 'list' && stored.as !== 'ids' && kind !== 'continuous' && kind !== 'embedding')
    return stored
  if (column.ignored) return null
  // A setting that was just chosen gives the column its tags; tags that say otherwise came later.
  if (stored?.kind === 'list' && (kind === 'categorical' || kind === null)) return stored
  if (stored?.kind === 'vector' && (kind === 'embedding' || kind === null)) return stored
  if (kind === 'embedding') return usualEncoding.vector
  if (kind === 'categorical' && holdsLists) return usualEncoding.list
  if (kind === 'categorical') return stored?.kind === 'categorical' ? stored : usualEncoding.categorical
  if (kind === 'continuous') return stored?.kind === 'continuous' ? stored : usualEncoding.continuous
  return null
}

/** The encoding in force of a column; null where the project has no raw tables, or the column is set aside. */
export function encodingOf(
  { source }: ProjectDocument,
  column: Column,
  holdsLists: boolean,
): ColumnEncoding | null {
  if (source?.kind !== 'tables') return null
  const stored = Object.hasOwn(source.encoding, column.name) ? source.encoding[column.name] : undefined
  return encodingInForce(column, holdsLists, stored)
}

const kinds: Record<ColumnEncoding['kind'], string> = {
  categorical: 'a category',
  continuous: 'a number',
  list: 'a list',
  vector: 'a vector',
  target: 'a target',
}

/**
 * Columns whose rows were encoded in another way than schema and settings say now. Trained on, ids would be taken for
 * quantities, or settings for what they are not.
 */
export function staleEncodings(document: ProjectDocument, made: EncodedFrom | null): Problem[] {
  if (!made) return []
  const raws = new Map(made.raw.map((column) => [column.name, column]))
  return document.schema.columns.flatMap((column): Problem[] => {
    const raw = raws.get(column.name)
    const now = raw ? encodingOf(document, column, raw.isList) : null
    if (!now) return []
    const then = Object.hasOwn(made.settings, column.name) ? made.settings[column.name] : undefined
    if (then && sameRows(now, then)) return []
    const message = !then
      ? `Column ${column.name} was set aside when the rows were encoded.`
      : then.kind === now.kind
        ? `The settings of ${column.name} have changed since the rows were encoded.`
        : `Column ${column.name} was encoded as ${kinds[then.kind]} and is to be ${kinds[now.kind]} now.`
    return [
      {
        severity: 'error',
        place: 'schema',
        column: column.name,
        code: 'stale-encoding',
        message,
        hint: 'Encode the rows again, or take the change back.',
        fix: { label: 'Encode again', encode: true },
      },
    ]
  })
}

/** Settings that no row depends on: how much of a list is read is the model's. */
const ofTheModel = new Set(['maxLength', 'keep'])

/** Whether two encodings make the same rows. */
function sameRows(one: ColumnEncoding, other: ColumnEncoding): boolean {
  const settings: Record<string, unknown> = other
  return Object.entries(one).every(([name, value]) => ofTheModel.has(name) || value === settings[name])
}
