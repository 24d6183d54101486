import { openBuffer, type ArrowFile, type Batch, type BufferReader } from './batches'
import { bitmapBytes, bufferIndex, ownBuffers, readOffsets, readValidity, type Column } from './columns'
import { corrupt } from './flatbuffer'
import type { Field } from './schema'

/** A value of a table's column: integers as bigint, times as microseconds since 1970, null where there is none. */
export type ArrowValue = string | number | bigint | boolean | null | readonly ArrowValue[]

/** What the values of a column are. */
export type ValueType =
  | { readonly kind: 'integer' | 'float' | 'boolean' | 'text' | 'time' }
  | { readonly kind: 'list'; readonly item: ValueType }

/** Values of a batch, from `first` on. */
export type ValueReader = (first: number, count: number) => Promise<ArrowValue[]>

/** What a column's values are read as; null where they are nested, bytes, or of a type that is no column of a table. */
export function valueTypeOf({ type, dictionary, children }: Field): ValueType | null {
  const values = dictionary?.values ?? type
  switch (values.kind) {
    case 'number': {
      const { name } = values.element
      // What does not fit 64 bits with a sign.
      return { kind: /int/.test(name) && name !== 'uint64' ? 'integer' : 'float' }
    }
    case 'bool':
      return { kind: 'boolean' }
    case 'text':
    case 'textView':
      return { kind: 'text' }
    case 'time':
      return { kind: 'time' }
    case 'list':
    case 'fixedList': {
      const [child] = children
      const item = child ? valueTypeOf(child) : null
      return item === null || item.kind === 'list' ? null : { kind: 'list', item }
    }
    case 'other':
      // A column of nulls alone, as pandas writes one that it knows nothing of.
      return values.name === 'null' ? { kind: 'text' } : null
  }
}

/**
 * Opens a column in a batch.
 * @param count how many values it has; null where only its buffers tell (the items of lists)
 * @throws GraftError `invalid-file` where buffers do not hold what they promise
 */
export async function openValues(
  file: ArrowFile,
  batch: Batch,
  column: Column,
  count: number | null,
): Promise<ValueReader> {
  const { field } = column
  if (!field.dictionary) return openPlain(file, batch, column, count)
  const words = await dictionaryOf(file, batch, field.dictionary)
  const indices = await openPlain(file, batch, { ...column, field: { ...field, dictionary: null } }, count)
  return async (first, length) =>
    (await indices(first, length)).map((index) => {
      if (index === null) return null
      const word = words[Number(index)]
      if (word === undefined) throw corrupt(file.name, `'${field.name}' points past its dictionary`)
      return word
    })
}

/** The words in force for a batch: in a stream later dictionaries are for later batches. */
async function dictionaryOf(
  file: ArrowFile,
  batch: Batch,
  { id, values }: NonNullable<Field['dictionary']>,
): Promise<ArrowValue[]> {
  let words: ArrowValue[] = []
  const field: Field = { name: '', type: values, children: [], dictionary: null }
  for (const { batch: own, delta, id: found } of file.dictionaries) {
    if (found !== id || (file.isStream && own.place > batch.place)) continue
    const read = await openPlain(file, own, { field, buffer: 0, views: 0 }, own.rows)
    const added = await read(0, own.rows)
    words = delta ? words.concat(added) : added
  }
  return words
}

async function openPlain(
  file: ArrowFile,
  batch: Batch,
  column: Column,
  count: number | null,
): Promise<ValueReader> {
  const { type, children } = column.field
  if (type.kind === 'other') return (_first, length) => Promise.resolve(new Array<null>(length).fill(null))
  const buffer = (place: number, needed: number | null): Promise<BufferReader> =>
    openBuffer(file, batch, bufferIndex(batch, column, place), needed)
  const times = (bytes: number): number | null => (count === null ? null : count * bytes)
  const bits = count === null ? null : bitmapBytes(count)
  const validity = await buffer(0, bits)
  const gaps = validity.bytes === 0 ? null : validity
  /** Sets what is not there to null. */
  const withGaps =
    (read: ValueReader): ValueReader =>
    async (first, length) => {
      const values = await read(first, length)
      if (!gaps) return values
      const isThere = await readValidity(gaps, first, length)
      return values.map((value, i) => (isThere(i) ? value : null))
    }
  switch (type.kind) {
    case 'number': {
      const { element } = type
      const content = await buffer(1, times(element.bytes))
      const exact = valueTypeOf(column.field)?.kind === 'integer'
      return withGaps(async (first, length) => {
        const bytes = await content.read(first * element.bytes, length * element.bytes)
        return exact ? readIntegers(bytes, length, element.name) : readFloats(bytes, length, element.name)
      })
    }
    case 'time': {
      const content = await buffer(1, times(type.bytes))
      return withGaps(async (first, length) => {
        const view = viewOf(await content.read(first * type.bytes, length * type.bytes))
        return Array.from({ length }, (_, i) => {
          const raw = type.bytes === 4 ? BigInt(view.getInt32(4 * i, true)) : view.getBigInt64(8 * i, true)
          return type.perMicrosecond > 1n ? raw / type.perMicrosecond : raw * type.microseconds
        })
      })
    }
    case 'bool': {
      const content = await buffer(1, bits)
      return withGaps(async (first, length) => {
        const isSet = await readValidity(content, first, length)
        return Array.from({ length }, (_, i) => isSet(i))
      })
    }
    case 'text': {
      const size = type.offsetBytes
      const offsets = await buffer(1, count === null ? null : (count + 1) * size)
      const content = await buffer(2, null)
      return withGaps(async (first, length) => {
        if (length === 0) return []
        const places = readOffsets(await offsets.read(first * size, (length + 1) * size), size)
        const [start, end] = spanOf(file, places)
        const bytes = Buffer.from(await content.read(start, end - start))
        return Array.from({ length }, (_, i) =>
          bytes.toString('utf8', (places[i] ?? 0) - start, (places[i + 1] ?? 0) - start),
        )
      })
    }
    case 'textView': {
      const views = await buffer(1, times(16))
      const contents: BufferReader[] = []
      for (let i = 0; i < (batch.viewBuffers[column.views] ?? 0); i++)
        contents.push(await buffer(2 + i, null))
      return withGaps(async (first, length) =>
        readViews(file, await views.read(16 * first, 16 * length), contents, length),
      )
    }
    case 'list':
    case 'fixedList': {
      const [child] = children
      if (!child) throw corrupt(file.name, `the lists of '${column.field.name}' have no items`)
      const inner: Column = {
        field: child,
        buffer: column.buffer + (ownBuffers(type) ?? 0),
        views: column.views,
      }
      if (type.kind === 'fixedList') {
        const items = await openValues(file, batch, inner, times(type.size))
        return withGaps(async (first, length) => {
          const values = await items(first * type.size, length * type.size)
          return Array.from({ length }, (_, i) => values.slice(i * type.size, (i + 1) * type.size))
        })
      }
      const size = type.offsetBytes
      const offsets = await buffer(1, count === null ? null : (count + 1) * size)
      const items = await openValues(file, batch, inner, null)
      return withGaps(async (first, length) => {
        if (length === 0) return []
        const places = readOffsets(await offsets.read(first * size, (length + 1) * size), size)
        const [start, end] = spanOf(file, places)
        const values = await items(start, end - start)
        return Array.from({ length }, (_, i) =>
          values.slice((places[i] ?? 0) - start, (places[i + 1] ?? 0) - start),
        )
      })
    }
  }
}

/** Where the values of ascending offsets begin and end. */
function spanOf(file: ArrowFile, places: readonly number[]): [number, number] {
  for (let i = 0; i + 1 < places.length; i++)
    if ((places[i] ?? 0) < 0 || (places[i + 1] ?? 0) < (places[i] ?? 0))
      throw corrupt(file.name, 'its offsets do not ascend')
  return [places[0] ?? 0, places.at(-1) ?? 0]
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const integerGetters: Record<string, (view: DataView, i: number) => bigint> = {
  int8: (view, i) => BigInt(view.getInt8(i)),
  uint8: (view, i) => BigInt(view.getUint8(i)),
  int16: (view, i) => BigInt(view.getInt16(2 * i, true)),
  uint16: (view, i) => BigInt(view.getUint16(2 * i, true)),
  int32: (view, i) => BigInt(view.getInt32(4 * i, true)),
  uint32: (view, i) => BigInt(view.getUint32(4 * i, true)),
  int64: (view, i) => view.getBigInt64(8 * i, true),
}

function readIntegers(bytes: Uint8Array, length: number, name: string): bigint[] {
  const view = viewOf(bytes)
  const get = integerGetters[name]
  return Array.from({ length }, (_, i) => get?.(view, i) ?? 0n)
}

function readFloats(bytes: Uint8Array, length: number, name: string): number[] {
  const view = viewOf(bytes)
  if (name === 'float64') return Array.from({ length }, (_, i) => view.getFloat64(8 * i, true))
  if (name === 'uint64') return Array.from({ length }, (_, i) => Number(view.getBigUint64(8 * i, true)))
  if (name === 'float32') return Array.from({ length }, (_, i) => view.getFloat32(4 * i, true))
  return Array.from({ length }, (_, i) => halfOf(view.getUint16(2 * i, true)))
}

/** IEEE 754 half precision. */
function halfOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const [exponent, fraction] = [(half >> 10) & 0x1f, half & 0x3ff]
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Views: length, then the text itself up to 12 bytes, else its beginning, buffer and place. */
async function readViews(
  file: ArrowFile,
  bytes: Uint8Array,
  contents: readonly BufferReader[],
  length: number,
): Promise<string[]> {
  const view = viewOf(bytes)
  const texts: string[] = []
  for (let i = 0; i < length; i++) {
    const size = view.getInt32(16 * i, true)
    if (size >= 0 && size <= 12) {
      texts.push(Buffer.from(bytes.subarray(16 * i + 4, 16 * i + 4 + size)).toString('utf8'))
      continue
    }
    const content = contents[view.getInt32(16 * i + 8, true)]
    if (!content || size < 0) throw corrupt(file.name, 'a text lies outside of its buffer')
    texts.push(Buffer.from(await content.read(view.getInt32(16 * i + 12, true), size)).toString('utf8'))
  }
  return texts
}
