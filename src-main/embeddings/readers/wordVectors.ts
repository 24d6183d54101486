import { GraftError } from '../../contract/errors'
import { BlockBuilder } from './blocks'
import {
  byteOrderMark,
  countRecords,
  endOfRecord,
  firstRecords,
  isEmptyRecord,
  isText,
  readLines,
} from './lines'
import { numberOf, parseNumber } from './numbers'
import { maxWidth, shapeProblem, type RowBlock, type VectorReader } from './reader'
import { openSingleArray } from './singleArray'
import type { FileSource } from './source'

/** The first line of word2vec's formats: rows and width. */
const headerLine = /^(\d{1,15})[ \t](\d{1,6})[ \t]*\r?$/

/** What the first line of word2vec's text and binary formats promises; null for any other line. */
export function parseWord2vecHeader(line: string): { rows: number; width: number } | null {
  const [, rows, width] = headerLine.exec(line) ?? []
  return rows === undefined || width === undefined ? null : { rows: Number(rows), width: Number(width) }
}

/** The text of a file's beginning up to the last space or line break, so that no number is cut in two. */
function wholeTokens(head: Uint8Array): string {
  const text = Buffer.from(head)
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
  return head.length < 4096 ? text : text.replace(/[^\s]*$/, '')
}

/** Whether a line is a key and numbers, all parted by single spaces, as GloVe writes it. */
function isVectorLine(line: string): boolean {
  const tokens = line.trimEnd().split(' ')
  return tokens.length >= 3 && tokens.slice(-2).every((token) => numberOf(token) !== null)
}

interface Layout {
  readonly path: string
  /** Where the rows begin. */
  readonly start: number
  readonly rows: number
  readonly width: number
  readonly keyed: boolean
  /** Whether `rows` is the file's own promise, else it was counted. */
  readonly promised: boolean
}

async function* readRows(source: FileSource, layout: Layout): AsyncGenerator<RowBlock> {
  const { rows, width, keyed, promised } = layout
  const builder = new BlockBuilder(width, keyed)
  for await (const { bytes } of readLines(source, layout.start)) {
    for (let at = 0; at < bytes.length;) {
      const end = endOfRecord(bytes, at, false)
      if (!isEmptyRecord(bytes, at, end)) {
        if (builder.row === rows) throw wrongCount(layout, `more than ${rows.toLocaleString('en-US')}`)
        builder.push(parseRow(bytes, at, end, builder, layout))
        if (builder.full) {
          const block = builder.take()
          if (block) yield block
        }
      }
      at = end + 1
    }
  }
  const found = builder.row
  const rest = builder.take()
  if (rest) yield rest
  if (promised && found < rows) throw wrongCount(layout, found.toLocaleString('en-US'))
}

function wrongCount(layout: Layout, found: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${layout.path} promises ${layout.rows.toLocaleString('en-US')} rows in its first line and holds ${found}.`,
    'Is the file complete? Download it again, or correct its first line.',
    { expected: layout.rows },
  )
}

/** Fills the builder's row with the last `width` numbers of a line. @returns what stands before them: the key */
function parseRow(
  bytes: Uint8Array,
  start: number,
  end: number,
  builder: BlockBuilder,
  layout: Layout,
): string {
  let stop = end
  for (let column = layout.width - 1; column >= 0; column--) {
    while (stop > start && isSpace(bytes[stop - 1])) stop -= 1
    let from = stop
    while (from > start && !isSpace(bytes[from - 1])) from -= 1
    const value = from === stop ? null : parseNumber(bytes, from, stop)
    // A keyed row's first word is its key, even where it looks like a number.
    if (value === null || (layout.keyed && from === start))
      throw ragged(bytes, start, end, builder.row, layout)
    builder.set(column, value)
    stop = from
  }
  while (stop > start && isSpace(bytes[stop - 1])) stop -= 1
  if (!layout.keyed) {
    if (stop > start) throw ragged(bytes, start, end, builder.row, layout)
    return ''
  }
  const key = Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString('utf8')
  const words = key.split(' ')
  // A key may hold spaces, but not one that is followed by numbers alone: those are too many dimensions.
  if (words.length > 1 && words.slice(1).every((word) => numberOf(word) !== null)) {
    throw ragged(bytes, start, end, builder.row, layout)
  }
  return key
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function ragged(bytes: Uint8Array, start: number, end: number, row: number, layout: Layout): GraftError {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
  const words = line.trim().split(/[ \t]+/)
  const found = words.length - (layout.keyed ? 1 : 0)
  const beginning = line.length > 60 ? `${line.slice(0, 60)}…` : line
  return new GraftError(
    'invalid-file',
    found === layout.width
      ? `Row ${row + 1} of ${layout.path} holds something that is no number: '${beginning}'.`
      : `Row ${row + 1} of ${layout.path} has ${found.toLocaleString('en-US')} numbers, where the first has ` +
          `${layout.width.toLocaleString('en-US')}: '${beginning}'.`,
    'Every row must hold a key and as many numbers as the first, parted by single spaces.',
    { row, expected: layout.width, found },
  )
}

async function layOut(source: FileSource, path: string): Promise<Layout> {
  const head = new Uint8Array(Math.min(3, source.size))
  await source.read(head, 0)
  const begin = byteOrderMark(head, path)
  const [first] = await firstRecords(source, begin, 1)
  if (!first) throw new GraftError('invalid-file', `${path} is empty.`, 'Choose a file that holds vectors.')
  const text = Buffer.from(first).toString('utf8')
  const header = parseWord2vecHeader(text)
  if (header) {
    const start = begin + first.length + 1
    const { rows, width } = header
    // A row takes at least a key, and a space and a digit for each number; the last line break may be missing.
    const least = rows * (2 * width + 2) - 1
    if (width > 0 && start + least > source.size) throw impossible(path, rows, width, source.size)
    return { path, start, rows, width, keyed: true, promised: true }
  }
  const words = text.trim().split(/[ \t]+/)
  // What numpy.savetxt writes has no keys: its first word is a number with a decimal point or an exponent.
  const keyed = !(numberOf(words[0] ?? '') !== null && /[.eE]/.test(words[0] ?? ''))
  const numbers = keyed ? words.slice(1) : words
  let width = 0
  while (width < numbers.length && numberOf(numbers[numbers.length - 1 - width] ?? '') !== null) width += 1
  if (width === 0 || (!keyed && width < numbers.length)) {
    throw new GraftError(
      'invalid-file',
      `The first line of ${path} is no vector: '${text.slice(0, 60)}'.`,
      'Each line must hold a key and numbers, parted by spaces.',
    )
  }
  return { path, start: begin, rows: await countRecords(source, begin), width, keyed, promised: false }
}

/** The error for a header that promises more than its file can hold. */
export function impossible(path: string, rows: number, width: number, bytes: number): GraftError {
  return new GraftError(
    'invalid-file',
    `${path} promises ${rows.toLocaleString('en-US')} rows of ${width.toLocaleString('en-US')} numbers in its first ` +
      `line, and ${bytes.toLocaleString('en-US')} bytes cannot hold them.`,
    'Is the file complete? Download it again, or correct its first line.',
    { rows, width, bytes },
  )
}

function wordVectorReader(format: string, extensions: string[], sniff: VectorReader['sniff']): VectorReader {
  return {
    format,
    extensions,
    sniff,
    open: (path, options = {}) =>
      openSingleArray(path, format, options, async (source) => {
        const layout = await layOut(source, path)
        const { rows, width, keyed } = layout
        const shape = [rows, width]
        const problem = width > maxWidth || rows * width === 0 ? shapeProblem(path, '', shape) : null
        return {
          array: { name: '', dtype: 'float32', shape, keyed, problem },
          rows: () => readRows(source, layout),
        }
      }),
  }
}

/** word2vec's text format, with which fastText's `.vec` agrees: rows and width, then a key and numbers on each line. */
export const word2vecReader = wordVectorReader('word2vec', ['.vec', '.w2v'], (head) => {
  if (!isText(head)) return false
  const [first = '', second] = wholeTokens(head).split('\n')
  if (parseWord2vecHeader(first) === null) return false
  // Two integers alone could be a small table; a row of vectors must follow.
  return (
    second === undefined ||
    second.trim() === '' ||
    isVectorLine(second) ||
    second.trimEnd().split(' ').length === 2
  )
})

/** GloVe's text: a key and numbers on each line, and no first line of its own. Also plain numbers parted by spaces. */
export const gloveReader = wordVectorReader('glove', ['.glove', '.txt'], (head) => {
  if (!isText(head)) return false
  const [first = ''] = wholeTokens(head).split('\n')
  return !/[\t,;]/.test(first.replace(/^\S+/, '')) && isVectorLine(first)
})
