import { littleEndianBytes } from '../hash'
import { formatArrayHeader, formatNpyHeader } from '../readers/npyHeader'
import type { FileSink } from './sink'
import { areIntegers, integerBytes, keyPieces, type OutgoingTable, type TableWriter } from './writer'

/** The rows as numpy saves them. @param onBytes told of all that is written */
export async function writeRows(
  file: FileSink,
  table: OutgoingTable,
  onBytes: (bytes: Uint8Array) => void = () => undefined,
): Promise<void> {
  const put = async (bytes: Uint8Array): Promise<void> => {
    onBytes(bytes)
    await file.write(bytes)
  }
  await put(formatNpyHeader(table.rows, table.width))
  for await (const block of table.blocks()) await put(littleEndianBytes(block))
}

/** The keys as numpy saves them: int64 where they are whole numbers, else text of a fixed length. */
export async function writeKeyArray(
  file: FileSink,
  table: OutgoingTable,
  onBytes: (bytes: Uint8Array) => void,
): Promise<void> {
  const put = async (bytes: Uint8Array): Promise<void> => {
    onBytes(bytes)
    await file.write(bytes)
  }
  if (await areIntegers(table)) {
    await put(formatArrayHeader('<i8', [table.rows]))
    for (const keys of keyPieces(table)) await put(integerBytes(keys))
    return
  }
  let longest = 1
  for (const keys of keyPieces(table))
    for (const key of keys) longest = Math.max(longest, codePoints(key).length)
  await put(formatArrayHeader(`<U${longest}`, [table.rows]))
  for (const keys of keyPieces(table)) await put(textBytes(keys, longest))
}

const codePoints = (text: string): string[] => [...text]

/** Four bytes a character, filled up with zeros. */
function textBytes(keys: readonly string[], length: number): Uint8Array {
  const bytes = new Uint8Array(4 * length * keys.length)
  const view = new DataView(bytes.buffer)
  keys.forEach((key, i) => {
    codePoints(key).forEach((character, c) => {
      view.setUint32(4 * (i * length + c), character.codePointAt(0) ?? 0, true)
    })
  })
  return bytes
}

/** A list of texts as JSON, a key a line. */
export async function writeJsonKeys(file: FileSink, table: OutgoingTable): Promise<void> {
  let first = true
  for (const keys of keyPieces(table)) {
    await file.write(`${first ? '[\n' : ',\n'}${keys.map((key) => JSON.stringify(key)).join(',\n')}`)
    first = false
  }
  await file.write(first ? '[]\n' : '\n]\n')
}

/** `numpy.save`'s format, which has no room for keys: they stand beside it, in a list of the same length. */
export const npyWriter: TableWriter = {
  format: 'npy',
  extensions: ['.npy'],
  paths: (path) => [path, `${path.replace(/\.npy$/i, '')}.keys.json`],
  async write([rows, keys], table) {
    if (rows) await writeRows(rows, table)
    if (keys) await writeJsonKeys(keys, table)
  },
}
