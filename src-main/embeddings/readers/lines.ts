import { GraftError } from '../../contract/errors'
import { maxWidth } from './reader'
import type { ByteSource } from './source'

const newline = 0x0a
const quote = 0x22

/** The longest line: the widest row with 64 characters a number. What is longer is no line of a table. */
export const maxLineBytes = maxWidth * 64

/** How much is read at a time. */
const pieceBytes = 1 << 20

/** Whole lines of a text file, one after the other. The buffer is overwritten by the next piece. */
export interface Lines {
  readonly bytes: Uint8Array
  /** Of the first line, counted from 1. */
  readonly firstLine: number
}

/**
 * Streams a text file from `start` on in pieces that end where a line ends, or with the file.
 * @param quoted line breaks between double quotes belong to a field (RFC 4180)
 * @throws GraftError `invalid-file` for a line past `maxLineBytes`
 */
export async function* readLines(source: ByteSource, start: number, quoted = false): AsyncGenerator<Lines> {
  let buffer = new Uint8Array(Math.min(2 * pieceBytes, Math.max(1, source.size - start)))
  let kept = 0
  let position = start
  let firstLine = 1
  while (position < source.size) {
    if (buffer.length - kept < Math.min(pieceBytes, source.size - position)) {
      const larger = new Uint8Array(2 * buffer.length)
      larger.set(buffer.subarray(0, kept))
      buffer = larger
    }
    const count = Math.min(buffer.length - kept, pieceBytes, source.size - position)
    await source.read(buffer.subarray(kept, kept + count), position)
    position += count
    const filled = buffer.subarray(0, kept + count)
    const end = position === source.size ? filled.length : endOfLines(filled, quoted)
    if (end > 0) {
      const bytes = filled.subarray(0, end)
      yield { bytes, firstLine }
      firstLine += countLines(bytes)
    }
    buffer.copyWithin(0, end, filled.length)
    kept = filled.length - end
    if (kept > maxLineBytes) {
      throw new GraftError(
        'invalid-file',
        `${source.name} has a line of more than ${maxLineBytes.toLocaleString('en-US')} bytes: line ${firstLine}.`,
        quoted
          ? 'Does a quotation mark that opens there never close?'
          : 'Save the vectors again, one on each line.',
        { line: firstLine },
      )
    }
  }
}

/** Where the last whole line ends; 0 where there is none. */
function endOfLines(bytes: Uint8Array, quoted: boolean): number {
  if (!quoted || bytes.indexOf(quote) < 0) return bytes.lastIndexOf(newline) + 1
  let open = false
  let end = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) open = !open
    else if (byte === newline && !open) end = at + 1
  }
  return end
}

/** The end of the record that begins at `start`: its line break, or the end of the bytes. */
export function endOfRecord(bytes: Uint8Array, start: number, quoted: boolean): number {
  const line = bytes.indexOf(newline, start)
  const end = line < 0 ? bytes.length : line
  if (!quoted) return end
  const opening = bytes.indexOf(quote, start)
  if (opening < 0 || opening > end) return end
  let open = false
  for (let at = opening; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) open = !open
    else if (byte === newline && !open) return at
  }
  return bytes.length
}

/** Whether a record holds nothing but spaces: such lines are passed over. */
export function isEmptyRecord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0x20 && bytes[at] !== 0x0d) return false
  return true
}

/** The number of records from `start` on, empty lines left out. @throws as `readLines` does */
export async function countRecords(source: ByteSource, start: number, quoted = false): Promise<number> {
  let records = 0
  for await (const { bytes } of readLines(source, start, quoted)) {
    for (let at = 0; at < bytes.length;) {
      const end = endOfRecord(bytes, at, quoted)
      if (!isEmptyRecord(bytes, at, end)) records += 1
      at = end + 1
    }
  }
  return records
}

/** Of records this long a few tell as much as many. */
const maxSampledBytes = 1 << 24

/** The first records of a text file, as bytes of their own; fewer where the file is shorter, or records are very long. */
export async function firstRecords(
  source: ByteSource,
  start: number,
  count: number,
  quoted = false,
): Promise<Uint8Array[]> {
  const records: Uint8Array[] = []
  let taken = 0
  const enough = (): boolean => records.length === count || (records.length >= 2 && taken > maxSampledBytes)
  for await (const { bytes } of readLines(source, start, quoted)) {
    for (let at = 0; at < bytes.length && !enough();) {
      const end = endOfRecord(bytes, at, quoted)
      if (!isEmptyRecord(bytes, at, end)) {
        records.push(bytes.slice(at, end))
        taken += end - at
      }
      at = end + 1
    }
    if (enough()) break
  }
  return records
}

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines += 1
  return lines
}

/** Bytes of the mark with which some programs begin a UTF-8 file. @throws GraftError for UTF-16 */
export function byteOrderMark(head: Uint8Array, path: string): number {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 3
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new GraftError('unsupported-file', `${path} is UTF-16 text.`, 'Save it as UTF-8.')
  }
  return 0
}

/** Whether a file's first bytes can be text: no control characters but those that lay it out. */
export function isText(head: Uint8Array): boolean {
  return head.length > 0 && head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))
}
