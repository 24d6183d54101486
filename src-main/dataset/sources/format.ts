import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { GraftError, toGraftError } from '../../contract/errors'
import { arrowReader } from '../../embeddings/readers/arrow'

export type Compression = 'none' | 'gzip' | 'zstd'
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** What a file is, by its first bytes; its name only tells JSON from delimited text where both would do. */
export type FileFormat =
  | { kind: 'parquet' }
  | { kind: 'arrow' }
  | { kind: 'json'; compression: Compression }
  | { kind: 'delimited'; compression: Compression; encoding: TextEncoding }

const headBytes = 65_536

/**
 * Looks at a file's beginning.
 * @throws GraftError `invalid-file` for an empty or binary file, `unsupported-file` for formats that are known but not read
 */
export async function detectFormat(path: string): Promise<FileFormat> {
  const head = await readHead(path, headBytes)
  if (head.length === 0)
    throw new GraftError('invalid-file', `${path} is empty.`, 'Choose a file with rows.', { file: path })
  const magic = (text: string): boolean => head.subarray(0, text.length).equals(Buffer.from(text, 'latin1'))
  if (magic('PAR1')) return { kind: 'parquet' }
  if (magic('FEA1'))
    throw unsupported(
      path,
      'in the first version of Feather',
      'Write it again: pyarrow.feather.write_feather writes the second.',
    )
  if (arrowReader.sniff(head)) return { kind: 'arrow' }
  if (/\.(feather|ftr|arrows?|ipc)$/i.test(path))
    throw new GraftError('invalid-file', `${path} is not an Arrow file.`, 'Write it again.', { file: path })
  if (magic('PK\u0003\u0004'))
    throw unsupported(path, 'a zip archive or a spreadsheet', 'Unpack it, or save the sheet as CSV.')
  const name = path.replace(/\.(gz|gzip|zst|zstd)$/i, '')
  const isJson = /\.(json|jsonl|ndjson)$/i.test(extname(name))
  const text = (compression: Compression, encoding: TextEncoding): FileFormat =>
    isJson ? { kind: 'json', compression } : { kind: 'delimited', compression, encoding }
  if (magic('\u001f\u008b')) return text('gzip', 'utf-8')
  if (magic('\u0028\u00b5\u002f\u00fd')) return text('zstd', 'utf-8')
  if (magic('\u00ff\u00fe')) return text('none', 'utf-16le')
  if (magic('\u00fe\u00ff')) return text('none', 'utf-16be')
  if (head.includes(0))
    throw new GraftError(
      'invalid-file',
      `${path} is binary, not a table of text.`,
      'Choose a CSV, TSV, JSON lines, Parquet or Arrow file.',
      { file: path },
    )
  return text('none', 'utf-8')
}

/** The first bytes of a file. */
export async function readHead(path: string, bytes: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      const buffer = Buffer.alloc(bytes)
      const { bytesRead } = await file.read(buffer, 0, bytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    const known = toGraftError(error)
    throw new GraftError(
      known.code,
      known.message.includes(path) ? known.message : `${path}: ${known.message}`,
      known.hint,
    )
  }
}

function unsupported(path: string, what: string, hint: string): GraftError {
  return new GraftError('unsupported-file', `${path} is ${what}, which is not read.`, hint, { file: path })
}
