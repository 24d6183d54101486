import type * as H5 from 'h5wasm/node'
import { GraftError } from '../../contract/errors'
import { elementType, type ElementType } from './elements'
import { guessField, namedField, numberKey } from './keyFields'
import {
  blockBytes,
  shapeProblem,
  shapeText,
  usableArray,
  type OpenOptions,
  type RowBlock,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './reader'
import { withKeys } from './rows'
import { FileSource } from './source'

/**
 * HDF5: a file of named datasets in groups, read slab by slab with HDF5's own library, compiled to WebAssembly: so that no
 * file sits in memory whole, and a damaged one harms nothing but the library's own memory.
 */

type Package = typeof H5
type Library = Pick<Package, 'File' | 'Group' | 'Dataset'> & { readonly module: Package['Module'] }

let library: Promise<Library> | undefined

/** Loaded with the first file: two megabytes that most sessions never need. */
function hdf5(): Promise<Library> {
  library ??= import('h5wasm/node').then(async ({ ready, File, Group, Dataset }) => {
    const module = await ready
    // Errors come as exceptions and not as pages on stderr.
    module.activate_throwing_error_handler()
    return { module, File, Group, Dataset }
  })
  return library
}

/** HDF5's classes of types. */
const typeClass = { integer: 0, float: 1, text: 3, enumeration: 8 }
/** Groups within groups are followed so far, and so many datasets are listed: links may go round in circles. */
const maxDepth = 16
const maxDatasets = 10_000
/** Deflate makes nothing smaller than this; a dataset that promises more than its file can hold is refused. */
const largestExpansion = 1032
/** Filters from this number on are registered by others. */
const foreignFilters = 256
/** Chunks are decoded whole: past this, no row can be had without more memory than reading should take. */
const maxChunkBytes = 1 << 28
/** Keys that are read at a time. */
const keysAtOnce = 65_536

interface Found {
  readonly name: string
  readonly dataset: H5.Dataset
  readonly shape: readonly number[]
  /** Null for text, and for what is neither. */
  readonly element: ElementType | null
  readonly isText: boolean
}

function* datasetsOf(library: Library, group: H5.Group, path = '', depth = 0): Generator<Found> {
  if (depth > maxDepth) return
  for (const key of group.keys()) {
    const entity = group.get(key)
    const name = path === '' ? key : `${path}/${key}`
    if (entity instanceof library.Group) yield* datasetsOf(library, entity, name, depth + 1)
    else if (entity instanceof library.Dataset) yield found(name, entity)
  }
}

function found(name: string, dataset: H5.Dataset): Found {
  const { type, size, signed, shape } = dataset.metadata
  const kinds: Record<number, string> = {
    [typeClass.float]: 'f',
    [typeClass.integer]: signed ? 'i' : 'u',
    // h5py's bool is an enumeration of bytes.
    [typeClass.enumeration]: 'i',
  }
  const kind = kinds[type]
  return {
    name,
    dataset,
    shape: shape ?? [],
    element: (kind === undefined ? undefined : elementType(`${kind}${size}`)) ?? null,
    isText: type === typeClass.text,
  }
}

function describe(path: string, bytes: number, one: Found, keyRows: number | null): VectorArray {
  const { name, shape, element } = one
  const problem = element
    ? (shapeProblem(path, name, shape) ?? sizeProblem(path, bytes, one, element))
    : new GraftError(
        'unsupported-file',
        `'${name}' of ${path} holds ${one.isText ? 'text' : 'neither numbers nor text'}, which is no vector.`,
        'Choose a dataset of numbers.',
      )
  const dtype = element?.name ?? (one.isText ? 'text' : 'unknown')
  const keyed = keyRows !== null && shape[0] === keyRows && problem === null
  return { name, dtype, shape, keyed, problem }
}

function sizeProblem(
  path: string,
  bytes: number,
  { name, shape, dataset }: Found,
  element: ElementType,
): GraftError | null {
  const promised = shape.reduce((product, size) => product * size, element.bytes)
  const { chunks } = dataset.metadata
  if (promised > bytes * (chunks ? largestExpansion : 1))
    return new GraftError(
      'invalid-file',
      `'${name}' of ${path} promises ${shapeText(shape)} numbers, which a file of ${bytes.toLocaleString('en-US')} bytes cannot hold.`,
      'The file is damaged, or was never filled: write it again.',
      { shape: [...shape], bytes },
    )
  const filter = foreignFilter(dataset)
  if (filter !== null)
    return new GraftError(
      'unsupported-file',
      `'${name}' of ${path} is compressed with ${filter}, which HDF5 itself does not know.`,
      "Save it with compression='gzip', or without.",
      { filter },
    )
  const chunkBytes = (chunks ?? []).reduce((product, size) => product * size, element.bytes)
  if (chunks && chunkBytes > maxChunkBytes)
    return new GraftError(
      'unsupported-file',
      `'${name}' of ${path} is cut into chunks of ${shapeText(chunks)}, each of which would have to be in memory whole.`,
      'Save it with smaller chunks.',
      { chunks: [...chunks] },
    )
  return null
}

/** The name of a filter that is not HDF5's own (`lzf`, `blosc`): those are plugins, which are not there; else null. */
function foreignFilter(dataset: H5.Dataset): string | null {
  const foreign = dataset.filters.find(({ id }) => id >= foreignFilters)
  return foreign ? foreign.name || `filter ${foreign.id}` : null
}

/** The bytes of rows `first` to `first + count`, little-endian, in the library's memory while `use` runs. */
function withSlab<T>(
  { module }: Library,
  { dataset, shape }: Found,
  itemBytes: number,
  first: number,
  count: number,
  use: (bytes: Uint8Array) => T,
): T {
  const across = shape.slice(1)
  const size = across.reduce((product, width) => product * width, count * itemBytes)
  const pointer = module._malloc(size)
  if (pointer === 0)
    throw new GraftError('out-of-memory', `There is no room for ${size.toLocaleString('en-US')} bytes.`)
  try {
    const counts = [count, ...across].map(BigInt)
    const offsets = [first, ...across.map(() => 0)].map(BigInt)
    const strides = shape.map(() => 1n)
    const { file_id: file, path } = dataset
    if (module.get_dataset_data(file, path, counts, offsets, strides, BigInt(pointer)) < 0)
      throw new Error('the data cannot be read')
    return use(module.HEAPU8.subarray(pointer, pointer + size))
  } finally {
    module._free(pointer)
  }
}

function* readRows(library: Library, one: Found, element: ElementType): Generator<RowBlock> {
  const [rows = 0, width = 1] = one.shape
  // Whole rows of chunks, so that none is decoded twice.
  const chunkRows = one.dataset.metadata.chunks?.[0] ?? 1
  const wanted = Math.max(1, Math.floor(blockBytes / (width * element.bytes)))
  const blockRows = Math.min(rows, Math.max(1, Math.ceil(wanted / chunkRows)) * chunkRows)
  const values = new Float32Array(blockRows * width) // [blockRows, width]
  for (let firstRow = 0; firstRow < rows; firstRow += blockRows) {
    const count = Math.min(blockRows, rows - firstRow)
    const block = values.subarray(0, count * width)
    withSlab(library, one, element.bytes, firstRow, count, (bytes) => element.decode(bytes, block, true))
    yield { firstRow, count, rows: block }
  }
}

/** A dataset with one axis as keys: integers keep all their digits. */
function readKeys(library: Library, one: Found): string[] {
  const { dataset, shape, isText } = one
  const [rows = 0] = shape
  const { size, vlen } = dataset.metadata
  const keys: string[] = []
  for (let first = 0; first < rows; first += keysAtOnce) {
    const count = Math.min(keysAtOnce, rows - first)
    if (isText && !vlen) {
      withSlab(library, one, size, first, count, (bytes) => {
        for (let i = 0; i < count; i++) keys.push(fixedText(bytes.subarray(i * size, (i + 1) * size)))
      })
      continue
    }
    const values = dataset.slice([[first, first + count]])
    if (!values || typeof values !== 'object' || !(Symbol.iterator in values)) break
    for (const value of values) keys.push(isText ? String(value) : numberText(value))
  }
  return keys
}

/** Text of a fixed length: UTF-8 whatever its type says, as numpy writes it, filled up with zeros, or with spaces by Fortran. */
function fixedText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
    .toString('utf8')
    .replace(/ +$/, '')
}

const numberText = (value: unknown): string => (typeof value === 'number' ? numberKey(value) : String(value))

/** A dataset's own name, without its groups'. */
const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** What the library throws, as an error of ours: its first sentence says what could not be done. */
function asInvalid(path: string, error: unknown): GraftError {
  if (error instanceof GraftError) return error
  const text = error instanceof Error ? error.message : String(error)
  const reasons = [...text.matchAll(/#\d+: .*?: (.+)$/gm)].map(([, reason]) => reason)
  return new GraftError(
    'invalid-file',
    `${path} cannot be read as HDF5: ${reasons.at(-1) ?? text.split('\n')[0]}`,
    'The file is damaged or was cut off: copy or write it again.',
  )
}

async function openHdf5(
  library: Library,
  file: H5.File,
  source: FileSource,
  path: string,
  options: OpenOptions,
): Promise<VectorFile> {
  const all: Found[] = []
  for (const one of datasetsOf(library, file)) if (all.push(one) === maxDatasets) break
  const fields = all.filter(
    ({ shape, isText, element, dataset }) =>
      shape.length === 1 && (isText || element) && foreignFilter(dataset) === null,
  )
  const names = fields.map(({ name }) => name)
  const named = options.key === undefined ? null : namedField(path, names, options.key)
  const guess = guessField(
    fields.map(({ name, isText }) => ({ name: lastPart(name), text: isText })),
    options,
  )
  const key = fields.find(({ name }) => (named === null ? lastPart(name) === guess : name === named)) ?? null
  const arrays = all.map((one) => describe(path, source.size, one, key?.shape[0] ?? null))
  return {
    path,
    format: 'hdf5',
    bytes: source.size,
    arrays,
    keyFields: names,
    keyField: key?.name ?? null,
    async *read(name) {
      const array = usableArray({ path, arrays }, name)
      const one = all.find((candidate) => candidate.name === name)
      if (!one?.element) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      try {
        const keys = array.keyed && key ? readKeys(library, key) : null
        yield* withKeys(streamed(readRows(library, one, one.element)), keys)
      } catch (error) {
        throw asInvalid(path, error)
      }
    },
    sha256: (signal) => source.sha256(signal),
    async close() {
      file.close()
      await source.close()
    },
  }
}

/** The library works in this thread: between blocks, others get their turn. */
async function* streamed(blocks: Iterable<RowBlock>): AsyncGenerator<RowBlock> {
  for (const block of blocks) {
    yield block
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const signature = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)

export const hdf5Reader: VectorReader = {
  format: 'hdf5',
  extensions: ['.h5', '.hdf5', '.he5', '.hdf'],
  // A block of the writer's own may come first, of 512 bytes or a doubling of them.
  sniff: (head) => [0, 512, 1024, 2048].some((at) => signature.every((byte, i) => head[at + i] === byte)),
  async open(path, options = {}) {
    const source = await FileSource.open(path, options.digest)
    try {
      const library = await hdf5()
      const file = new library.File(path, 'r')
      try {
        return await openHdf5(library, file, source, path, options)
      } catch (error) {
        file.close()
        throw error
      }
    } catch (error) {
      await source.close()
      throw asInvalid(path, error)
    }
  },
}
