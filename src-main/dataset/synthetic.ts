import { GraftError } from '../contract/errors'
import { hasTag, inputKind, roleOf, taskOf, type Column, type Schema } from '../schema'
import type { ColumnData, ColumnValues } from './columnData'
import { Random } from './random'

export interface SyntheticOptions {
  rows: number
  seed: number
  /** Which column each dependent column is binned from; by default the id that shares its user, item or session tag. */
  depends?: Readonly<Record<string, string>>
}

/**
 * Draws rows from a schema, as Merlin's synthetic data sets are drawn: ids are floor(lognormal(3, 1)) clipped to
 * [1, domain max]; a categorical column that belongs to an id is its equal-width binning into (domain max − 1) bins,
 * 1-based; continuous columns are uniform on [0, 1), or on their domain; binary targets are a fair coin; integer
 * regression targets are ratings from 1 to 5. Columns that are neither feature nor target have nothing to draw from and
 * are left out. Every column has a random stream of its own.
 * @throws GraftError `invalid-schema`
 */
export function synthesize(schema: Schema, options: SyntheticOptions): ColumnData[] {
  const { rows, seed } = options
  if (!Number.isSafeInteger(rows) || rows < 1)
    throw new GraftError(
      'invalid-setting',
      `cannot draw ${rows} rows`,
      'Give a number of rows of at least 1.',
    )
  const depends = { ...defaultDependencies(schema), ...options.depends }
  const drawn = new Map<string, ColumnData>()
  const columns = schema.columns.filter((column) => roleOf(column) !== 'ignored')
  for (const column of columns)
    if (!(column.name in depends)) drawn.set(column.name, draw(column, rows, new Random(seed, column.name)))
  for (const column of columns) {
    const source = depends[column.name]
    if (source === undefined) continue
    const from = drawn.get(source)
    if (!from || from.offsets || !(from.values instanceof Int32Array))
      throw new GraftError(
        'invalid-schema',
        `column ${column.name} depends on ${source}, which is not a drawn id`,
        'Tag one column as the id, and its dependents with the same user, item or session tag.',
      )
    drawn.set(column.name, {
      name: column.name,
      dtype: column.dtype,
      values: bin(from.values, maxId(column) - 1),
    })
  }
  return columns.flatMap((column) => drawn.get(column.name) ?? [])
}

/** Each categorical column that shares the tag of an id depends on that id. */
function defaultDependencies(schema: Schema): Record<string, string> {
  const depends: Record<string, string> = {}
  for (const subject of ['user', 'item', 'session']) {
    const id = schema.columns.find(
      (column) => inputKind(column) === 'categorical' && hasTag(column.tags, `${subject}_id`),
    )
    if (!id || id.isList) continue
    for (const column of schema.columns)
      if (
        column !== id &&
        inputKind(column) === 'categorical' &&
        !column.isList &&
        hasTag(column.tags, subject) &&
        !hasTag(column.tags, 'id')
      )
        depends[column.name] = id.name
  }
  return depends
}

function maxId(column: Column): number {
  const max = column.domain?.max ?? null
  if (max === null || max < 1 || max > 2 ** 31 - 1)
    throw new GraftError(
      'invalid-schema',
      `column ${column.name} is categorical but its domain has no usable maximum`,
      'Set the largest id of the column in the schema.',
    )
  return max
}

function draw(column: Column, rows: number, random: Random): ColumnData {
  const { name, dtype } = column
  if (!column.isList) return { name, dtype, values: drawValues(column, rows, random) }
  const least = column.valueCount?.min ?? 0
  const most = column.isRagged ? Math.max(least + 1, column.valueCount?.max ?? least + 4) : Math.max(1, least)
  const offsets = new Int32Array(rows + 1)
  for (let row = 0; row < rows; row++)
    offsets[row + 1] = (offsets[row] ?? 0) + (column.isRagged ? least + random.below(most - least + 1) : most)
  return { name, dtype, values: drawValues(column, offsets[rows] ?? 0, random), offsets }
}

function drawValues(column: Column, count: number, random: Random): ColumnValues {
  if (inputKind(column) === 'categorical')
    return fill(new Int32Array(count), () => drawId(maxId(column), random))
  if (roleOf(column) === 'target') return drawTarget(column, count, random)
  const { min, max } = bounds(column, 0, 1)
  if (column.dtype === 'float64')
    return fill(new Float64Array(count), () => min + (max - min) * random.uniform())
  if (column.dtype.startsWith('float'))
    return fill(new Float32Array(count), () => min + (max - min) * random.uniform32())
  return fill(new Int32Array(count), () => min + random.below(max - min + 1))
}

function drawTarget(column: Column, count: number, random: Random): ColumnValues {
  const task = taskOf(column)
  const float = column.dtype.startsWith('float')
  if (task === 'binary')
    return fill(float ? new Float32Array(count) : new Int32Array(count), () => random.uint32() >>> 31)
  if (task === 'regression' && float) {
    const { min, max } = bounds(column, 0, 1)
    return fill(new Float64Array(count), () => min + (max - min) * random.uniform())
  }
  const { min, max } = task === 'regression' ? bounds(column, 1, 5) : bounds(column, 0, 1)
  return fill(new Int32Array(count), () => min + random.below(max - min + 1))
}

function bounds(column: Column, min: number, max: number): { min: number; max: number } {
  const { domain } = column
  return domain?.max === null || domain === null ? { min, max } : { min: domain.min ?? min, max: domain.max }
}

/** floor(lognormal(mean 3, sigma 1)), clipped to [1, max]. */
function drawId(max: number, random: Random): number {
  return Math.min(max, Math.max(1, Math.floor(Math.exp(3 + random.normal()))))
}

function fill<T extends Int32Array | Float32Array | Float64Array>(values: T, next: () => number): T {
  for (let i = 0; i < values.length; i++) values[i] = next()
  return values
}

/**
 * Equal-width bins of the observed range, 1-based and closed on the right, the least value in the first bin: pandas'
 * `cut(values, bins) + 1`. Fewer than two bins put every value in bin 1.
 */
export function bin(values: Int32Array, bins: number): Int32Array {
  const out = new Int32Array(values.length).fill(1)
  if (bins < 2 || values.length === 0) return out
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  // pandas widens a range of one value, which then falls into the middle.
  if (low === high) return out.fill(Math.ceil(bins / 2))
  const step = (high - low) / bins
  const edge = (index: number): number => (index === bins ? high : low + index * step)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? low
    let index = Math.min(bins, Math.max(1, Math.ceil((value - low) / step)))
    // The quotient's rounding must not decide on which side of an edge a value lies.
    while (index > 1 && value <= edge(index - 1)) index -= 1
    while (index < bins && value > edge(index)) index += 1
    out[i] = index
  }
  return out
}
