import { GraftError } from '../../contract/errors'
import { readArrow, type ArrowFile, type Batch } from './arrow/batches'
import {
  firstWidth,
  isNumeric,
  locateColumns,
  openListColumn,
  openNumberColumn,
  readKeys,
  type Column,
} from './arrow/columns'
import type { ArrowType, Field } from './arrow/schema'
import { guessField, namedField, namesKeys } from './keyFields'
import {
  blockRows,
  maxWidth,
  shapeProblem,
  usableArray,
  type OpenOptions,
  type RowBlock,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './reader'
import { FileSource } from './source'

/**
 * Arrow's IPC formats: the file (`.arrow`, Feather version 2) and the stream. Read here rather than by Arrow's library, so
 * that a batch of any size streams and lying metadata are found before anything is allocated by them.
 * https://arrow.apache.org/docs/format/Columnar.html
 */

/** The columns that make up a table of vectors. */
interface Selection {
  readonly width: number
  readonly columns: readonly Column[]
  readonly lists: boolean
}

const hasNumberItems = ({ type, children }: Field): boolean =>
  (type.kind === 'list' || type.kind === 'fixedList') &&
  children.length === 1 &&
  isNumeric(children[0]?.type ?? type)

function canBeKey({ type, dictionary }: Field): boolean {
  if (dictionary && type.kind !== 'number') return false
  const values = dictionary?.values ?? type
  return isNumeric(values) || values.kind === 'text' || values.kind === 'textView'
}

const isText = ({ type, dictionary }: Field): boolean => {
  const { kind } = dictionary?.values ?? type
  return kind === 'text' || kind === 'textView'
}

function dtypeOf(type: ArrowType): string {
  return type.kind === 'number' ? type.element.name : type.kind
}

async function* readRows(
  file: ArrowFile,
  selection: Selection,
  key: Column | null,
): AsyncGenerator<RowBlock> {
  const { width } = selection
  const most = blockRows(4 * width)
  let firstRow = 0
  for (const batch of file.batches) {
    if (batch.rows === 0) continue
    const fill = await (selection.lists ? listFiller : columnFiller)(file, batch, selection, firstRow)
    const keys = key ? await readKeys(file, batch, key) : null
    const values = new Float32Array(Math.min(most, batch.rows) * width) // [most, width]
    for (let first = 0; first < batch.rows; first += most) {
      const count = Math.min(most, batch.rows - first)
      const rows = values.subarray(0, count * width)
      await fill(first, count, rows)
      yield keys
        ? { firstRow: firstRow + first, count, rows, keys: keys.slice(first, first + count) }
        : { firstRow: firstRow + first, count, rows }
    }
    firstRow += batch.rows
  }
}

type Filler = (first: number, count: number, into: Float32Array) => Promise<void>

async function listFiller(
  file: ArrowFile,
  batch: Batch,
  selection: Selection,
  firstRow: number,
): Promise<Filler> {
  const [column] = selection.columns
  if (!column) throw new GraftError('internal', `${file.name}: no column was chosen.`)
  const lists = await openListColumn(file, batch, column)
  const { width } = selection
  return async (first, count, into) => {
    const odd = await lists.read(first, count, width, into)
    if (!odd) return
    const row = firstRow + first + odd.row
    throw new GraftError(
      'invalid-file',
      `Row ${row + 1} of ${file.name} has ${odd.found.toLocaleString('en-US')} numbers in '${column.field.name}', ` +
        `where the first has ${width.toLocaleString('en-US')}.`,
      'All vectors of a table have the same width.',
      { row, expected: width, found: odd.found },
    )
  }
}

async function columnFiller(file: ArrowFile, batch: Batch, selection: Selection): Promise<Filler> {
  const { width } = selection
  const readers = await Promise.all(selection.columns.map((column) => openNumberColumn(file, batch, column)))
  return async (first, count, into) => {
    const column = new Float32Array(count) // [count]
    for (const [c, reader] of readers.entries()) {
      await reader.read(first, column)
      for (let row = 0; row < count; row++) into[row * width + c] = column[row] ?? NaN
    }
  }
}

async function describeFile(file: ArrowFile, path: string, options: OpenOptions): Promise<VectorFile> {
  const columns = locateColumns(file.fields)
  const candidates = columns.filter(({ field }) => canBeKey(field))
  const names = candidates.map(({ field }) => field.name)
  const keyName =
    options.key === undefined
      ? guessField(
          candidates.map(({ field }) => ({ name: field.name, text: isText(field) })),
          options,
        )
      : namedField(path, names, options.key)
  const key = candidates.find(({ field }) => field.name === keyName) ?? null
  const rows = file.batches.reduce((sum, batch) => sum + batch.rows, 0)
  const lists = columns.filter(({ field }) => hasNumberItems(field))
  const numbers = columns.filter((one) => one !== key && isNumeric(one.field.type) && !one.field.dictionary)
  const selections = new Map<string, Selection>()
  const arrays: VectorArray[] = []
  const add = (name: string, dtype: string, selection: Selection): void => {
    const shape = [rows, selection.width]
    selections.set(name, selection)
    arrays.push({ name, dtype, shape, keyed: key !== null, problem: shapeProblem(path, name, shape) })
  }
  for (const column of lists) {
    const { name, children, type } = column.field
    const width = await firstWidth(file, column)
    if (width >= 0 && width <= maxWidth * 1000)
      add(name, dtypeOf(children[0]?.type ?? type), { width, columns: [column], lists: true })
  }
  if (lists.length === 0) {
    const types = new Set(numbers.map(({ field }) => dtypeOf(field.type)))
    const [type = 'float32'] = types
    add('', types.size === 1 ? type : 'float64', { width: numbers.length, columns: numbers, lists: false })
  }
  return {
    path,
    format: 'arrow',
    bytes: file.source.size,
    arrays,
    keyFields: candidates
      .filter(({ field }) => isText(field) || namesKeys(field.name, options) || isInteger(field.type))
      .map(({ field }) => field.name),
    keyField: key?.field.name ?? null,
    read(name) {
      usableArray({ path, arrays }, name)
      const selection = selections.get(name)
      if (!selection) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      return readRows(file, selection, key)
    },
    sha256: (signal) => file.source.sha256(signal),
    close: () => file.source.close(),
  }
}

const isInteger = (type: ArrowType): boolean => type.kind === 'number' && type.element.name.includes('int')

/** Feather's first version, a format of its own that pandas wrote until 2020. */
const isOldFeather = (head: Uint8Array): boolean =>
  Buffer.from(head.subarray(0, 4)).toString('latin1') === 'FEA1'

function sniff(head: Uint8Array): boolean {
  if (Buffer.from(head.subarray(0, 6)).toString('latin1') === 'ARROW1' || isOldFeather(head)) return true
  // A stream: the mark, and a length that a schema can have.
  if (head.length < 16 || !head.subarray(0, 4).every((byte) => byte === 0xff)) return false
  const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(4, true)
  return length >= 16 && length <= 1 << 26 && length % 8 === 0
}

export const arrowReader: VectorReader = {
  format: 'arrow',
  extensions: ['.arrow', '.feather', '.ipc', '.arrows', '.ftr'],
  sniff,
  async open(path, options = {}) {
    const source = await FileSource.open(path, options.digest)
    try {
      const head = new Uint8Array(Math.min(4, source.size))
      await source.read(head, 0)
      if (isOldFeather(head)) {
        throw new GraftError(
          'unsupported-file',
          `${path} is in the first version of Feather.`,
          'Save it again with pyarrow.feather.write_feather, which writes the second.',
        )
      }
      return await describeFile(await readArrow(source, path), path, options)
    } catch (error) {
      await source.close()
      throw error
    }
  },
}
