import { GraftError } from '../../contract/errors'
import { BlockBuilder } from './blocks'
import { isText } from './lines'
import { numberOf } from './numbers'
import { shapeProblem, type RowBlock, type VectorReader } from './reader'
import { openSingleArray } from './singleArray'
import type { FileSource } from './source'
import { impossible, parseWord2vecHeader } from './wordVectors'

/**
 * word2vec's binary format: a line with rows and width, then for each row its key, a space, the numbers as little-endian
 * float32, and, from the original program but not from gensim, a line break.
 * https://code.google.com/archive/p/word2vec/ (`distance.c`)
 */

/** No word of any vocabulary is longer; a key that does not end is the sign of a wrong width. */
const maxKeyBytes = 4096

const windowBytes = 1 << 20

interface Layout {
  readonly path: string
  readonly start: number
  readonly rows: number
  readonly width: number
}

/** Bytes of a file from any place forwards, refilled as they are used up. */
class Window {
  private readonly buffer: Uint8Array
  private filled = 0
  private at = 0
  private position: number

  constructor(
    private readonly source: FileSource,
    start: number,
    needed: number,
  ) {
    this.buffer = new Uint8Array(Math.max(windowBytes, 2 * needed))
    this.position = start
  }

  /** Bytes that are there already. */
  get rest(): Uint8Array {
    return this.buffer.subarray(this.at, this.filled)
  }

  skip(count: number): void {
    this.at += count
  }

  /** Reads on; at the end of the file there is less than before. */
  async refill(): Promise<void> {
    this.buffer.copyWithin(0, this.at, this.filled)
    this.filled -= this.at
    this.at = 0
    const count = Math.min(this.buffer.length - this.filled, this.source.size - this.position)
    await this.source.read(this.buffer.subarray(this.filled, this.filled + count), this.position)
    this.filled += count
    this.position += count
  }
}

async function* readRows(source: FileSource, layout: Layout): AsyncGenerator<RowBlock> {
  const { rows, width } = layout
  const most = maxKeyBytes + 2 + 4 * width
  const builder = new BlockBuilder(width, true)
  const window = new Window(source, layout.start, most)
  for (let row = 0; row < rows; row++) {
    if (window.rest.length < most) await window.refill()
    const bytes = window.rest
    const from = bytes[0] === 0x0a ? 1 : 0
    const space = bytes.indexOf(0x20, from)
    const end = space + 1 + 4 * width
    if (space < 0 || space - from > maxKeyBytes || end > bytes.length)
      throw damaged(layout, row, bytes.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset + space + 1, 4 * width)
    for (let column = 0; column < width; column++) builder.set(column, view.getFloat32(4 * column, true))
    builder.push(Buffer.from(bytes.buffer, bytes.byteOffset + from, space - from).toString('utf8'))
    window.skip(end)
    if (builder.full || row === rows - 1) {
      const block = builder.take()
      if (block) yield block
    }
  }
  await window.refill()
  const left = window.rest
  if (left.length > 1 || (left.length === 1 && left[0] !== 0x0a)) {
    throw new GraftError(
      'invalid-file',
      `${layout.path} goes on after the ${rows.toLocaleString('en-US')} rows that its first line promises.`,
      'Is it complete and unchanged? Download it again.',
      { expected: rows },
    )
  }
}

function damaged(layout: Layout, row: number, left: number): GraftError {
  const { path, rows, width } = layout
  return new GraftError(
    'invalid-file',
    `${path} promises ${rows.toLocaleString('en-US')} rows; row ${row + 1} is not a key and ` +
      `${width.toLocaleString('en-US')} numbers${left < 4 * width ? ': the file ends there' : ''}.`,
    'Is the file complete? Download it again.',
    { row, expected: rows },
  )
}

async function layOut(source: FileSource, path: string): Promise<Layout> {
  const head = new Uint8Array(Math.min(64, source.size))
  await source.read(head, 0)
  const end = head.indexOf(0x0a)
  const header = end < 0 ? null : parseWord2vecHeader(Buffer.from(head.subarray(0, end)).toString('latin1'))
  if (!header) {
    throw new GraftError(
      'invalid-file',
      `${path} does not begin with its number of rows and its width, as word2vec files do.`,
      'Save it again with save_word2vec_format.',
    )
  }
  const { rows, width } = header
  // A key of no letters, the space and the numbers: less cannot be a row.
  if (end + 1 + rows * (1 + 4 * width) > source.size) throw impossible(path, rows, width, source.size)
  return { path, start: end + 1, rows, width }
}

function sniff(head: Uint8Array): boolean {
  const line = head.indexOf(0x0a)
  if (line < 0 || line > 40) return false
  if (parseWord2vecHeader(Buffer.from(head.subarray(0, line)).toString('latin1')) === null) return false
  const rest = head.subarray(line + 1)
  return rest.includes(0x20) && !isTextRow(rest)
}

/** Whether the first row is written as text: floats in binary are hardly ever text, and never numbers to read. */
function isTextRow(bytes: Uint8Array): boolean {
  if (!isText(bytes)) return false
  const [row = '', next] = Buffer.from(bytes).toString('latin1').split('\n')
  // A row that is longer than what there is to see may end within a number.
  const whole = next === undefined && bytes.length > 1000 ? row.replace(/\S*$/, '') : row
  return numberOf(whole.trimEnd().split(/[ \t]/).at(-1) ?? '') !== null
}

export const word2vecBinaryReader: VectorReader = {
  format: 'word2vec-binary',
  extensions: ['.bin'],
  sniff,
  open: (path, options = {}) =>
    openSingleArray(path, 'word2vec-binary', options, async (source) => {
      const layout = await layOut(source, path)
      const shape = [layout.rows, layout.width]
      return {
        array: { name: '', dtype: 'float32', shape, keyed: true, problem: shapeProblem(path, '', shape) },
        rows: () => readRows(source, layout),
      }
    }),
}
