import { GraftError } from '../../contract/errors'

/** One array inside of a vector file, as its header describes it. */
export interface VectorArray {
  /** The member's name in an archive, `''` in a file that holds one array. */
  readonly name: string
  /** numpy's name of the type on disk, such as `float32`. */
  readonly dtype: string
  readonly shape: readonly number[]
  /** Whether the file carries a key for each row, so that blocks come with `keys`. */
  readonly keyed: boolean
  /** Why this array cannot be used as a table of vectors, else null. */
  readonly problem: GraftError | null
}

/** Consecutive rows of an array, converted to float32. The buffer is the reader's own and is overwritten by the next block. */
export interface RowBlock {
  readonly firstRow: number
  readonly count: number
  readonly rows: Float32Array // [count, width]
  /** The rows' keys as text, where the file carries them; empty where a row has none. */
  readonly keys?: readonly string[]
}

/** What the caller knows about a file's keys before it is opened. */
export interface OpenOptions {
  /** The field that holds the keys: a column or an array with one axis. Left out, it is guessed. */
  readonly key?: string
  /** Names that a key field may bear besides the usual ones, such as that of the column which the vectors are for. */
  readonly keyNames?: readonly string[]
  /** Whether a table of nothing but numbers is all vectors: no column of it holds keys, and no row names. */
  readonly bare?: boolean
  /** Whether `sha256` will be asked for: the file is then hashed while it is read. */
  readonly digest?: boolean
}

/** An open file of vectors. Only headers have been read; rows are streamed. */
export interface VectorFile {
  readonly path: string
  readonly format: string
  readonly bytes: number
  readonly arrays: readonly VectorArray[]
  /** Fields that could hold the keys, of which one is chosen by name; none in formats whose keys have no name. */
  readonly keyFields: readonly string[]
  /** The field that was named or guessed to hold the keys. */
  readonly keyField: string | null
  /**
   * Streams the rows of the array of that name, top to bottom, in blocks of about a megabyte, so that the process stays
   * responsive and no file is ever held whole.
   * @throws GraftError the array's own `problem`, `not-found`, or `invalid-file` where the data end early.
   */
  read(array: string): AsyncIterable<RowBlock>
  /**
   * SHA-256 of the file that was opened. Once its rows have been read, that costs no second pass, where the format is
   * read in the file's order.
   * @throws GraftError `cancelled`
   */
  sha256(signal?: AbortSignal): Promise<string>
  close(): Promise<void>
}

/** A format that Graft reads vectors from. A new one is a file with such a constant, and one line in `readers/index.ts`. */
export interface VectorReader {
  /** Short name, as shown and recorded: `npy`, `npz`. */
  readonly format: string
  /** Usual endings, with the dot, in small letters: they decide only where the content does not. */
  readonly extensions: readonly string[]
  /** Whether the first bytes of a file (up to `headBytes` of them) are of this format. */
  sniff(head: Uint8Array): boolean
  /** Whether a file is of this format by what lies beside it, where its content alone is another's too. */
  claims?(path: string): Promise<boolean>
  /**
   * Opens the file and reads its headers; text, which has none, is read once for its number of rows.
   * @throws GraftError `invalid-file`, `unsafe-file`, `unsupported-file`; `not-found` for a `key` that is not there
   */
  open(path: string, options?: OpenOptions): Promise<VectorFile>
}

/** How much of a file's beginning `sniff` gets to see. */
export const headBytes = 4096

/** How many bytes on disk a block of rows should hold: small enough to convert in a few milliseconds. */
export const blockBytes = 1 << 20

/** The rows that a block holds, by what one takes on disk: of short ones not so many that their keys take long. */
export const blockRows = (rowBytes: number): number =>
  Math.max(1, Math.min(16_384, Math.floor(blockBytes / rowBytes)))

/** The widest table: far past any model's vectors, and a bound on what one row can make us allocate. */
export const maxWidth = 65_536

/** `1,681 × 128`, as shapes are written in messages. */
export function shapeText(shape: readonly number[]): string {
  if (shape.length === 0) return 'a single number'
  return shape.map((n) => n.toLocaleString('en-US')).join(' × ')
}

/** What is wrong with an array as a table of vectors, else null: it needs two axes, rows and width, both at least 1. */
export function shapeProblem(path: string, array: string, shape: readonly number[]): GraftError | null {
  const name = array === '' ? path : `array '${array}' of ${path}`
  if (shape.length !== 2) {
    return new GraftError(
      'shape-mismatch',
      `${name} has the shape (${shape.join(', ')}): ${shape.length} axes, where a table has 2.`,
      'A table of vectors has one row an id and one column a dimension: reshape it to (rows, width) and save it again.',
      { shape: [...shape] },
    )
  }
  if (shape.some((n) => n === 0)) {
    return new GraftError(
      'shape-mismatch',
      `${name} is empty: its shape is (${shape.join(', ')}).`,
      'A table has at least one row and one dimension.',
      {
        shape: [...shape],
      },
    )
  }
  const [, width = 0] = shape
  if (width > maxWidth) {
    return new GraftError(
      'shape-mismatch',
      `${name} is ${shapeText(shape)}: wider than the ${maxWidth.toLocaleString('en-US')} dimensions that a table may have.`,
      'Is it transposed? A table has one row an id.',
      { shape: [...shape] },
    )
  }
  return null
}

/** The array of that name, after its `problem` has been thrown if it has one. */
export function usableArray(file: Pick<VectorFile, 'path' | 'arrays'>, name: string): VectorArray {
  const array = file.arrays.find((candidate) => candidate.name === name)
  if (!array) {
    const names = file.arrays.map((candidate) => candidate.name)
    throw new GraftError(
      'not-found',
      `${file.path} has no array '${name}'.`,
      names.length ? `It holds: ${names.join(', ')}.` : 'It holds no arrays at all.',
      { arrays: names },
    )
  }
  if (array.problem) throw array.problem
  return array
}

/**
 * The array to use: the named one, else the only usable one.
 * @throws GraftError `invalid-setting` with `details.arrays` where several would do.
 */
export function chooseArray(file: Pick<VectorFile, 'path' | 'arrays'>, name?: string): VectorArray {
  if (name !== undefined) return usableArray(file, name)
  const usable = file.arrays.filter((array) => array.problem === null)
  const [only] = usable
  if (only && usable.length === 1) return only
  if (!only) {
    const problem = file.arrays.find((array) => array.problem !== null)?.problem
    throw (
      problem ??
      new GraftError(
        'invalid-file',
        `${file.path} holds no arrays of numbers.`,
        'Choose the file that the vectors were saved to.',
      )
    )
  }
  const described = usable.map((array) => `'${array.name}' (${shapeText(array.shape)})`)
  throw new GraftError(
    'invalid-setting',
    `${file.path} holds ${usable.length} tables: ${described.join(', ')}.`,
    'Choose one of them by name.',
    { arrays: usable.map((array) => array.name) },
  )
}
