import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { GraftError } from '../../contract/errors'
import { arrowReader } from './arrow'
import { isPickle, unsafePickle } from './npyHeader'
import { npyReader } from './npy'
import { npzReader } from './npz'
import { checkpointReader } from './checkpoint'
import { csvReader, tsvReader } from './delimited'
import { hdf5Reader } from './hdf5'
import { parquetReader } from './parquet'
import { headBytes, type OpenOptions, type VectorFile, type VectorReader } from './reader'
import { projectorReader } from './projector'
import { safetensorsReader } from './safetensors'
import { word2vecBinaryReader } from './word2vecBinary'
import { gloveReader, word2vecReader } from './wordVectors'

/** Every format that vectors are read from, the most telling content first. */
export const vectorReaders: readonly VectorReader[] = [
  npyReader,
  npzReader,
  parquetReader,
  safetensorsReader,
  hdf5Reader,
  arrowReader,
  word2vecBinaryReader,
  word2vecReader,
  gloveReader,
  projectorReader,
  tsvReader,
  csvReader,
  checkpointReader,
]

async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    const head = new Uint8Array(headBytes)
    const { bytesRead } = await handle.read(head, 0, headBytes, 0)
    return head.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Files that people have, which hold vectors in a way that is not read: each with what to do. */
function refuseKnown(path: string, head: Uint8Array): void {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte)
  if (begins(0x1f, 0x8b))
    throw new GraftError('unsupported-file', `${path} is packed by gzip.`, `Unpack it first: gunzip ${path}`)
  // FASTTEXT_FILEFORMAT_MAGIC_INT32 of fastText's src/fasttext.cc.
  if (begins(0xba, 0x16, 0x4f, 0x2f)) {
    throw new GraftError(
      'unsupported-file',
      `${path} is a fastText model, whose vectors are sums over pieces of words.`,
      'Choose the .vec file that fastText writes beside it: it holds a vector for each word.',
    )
  }
}

/**
 * Finds the format of a file by what belongs to it, else by its content, and by its name only where both tell nothing.
 * @throws GraftError `not-found`, `unsafe-file` for pickles, `unsupported-file` where no reader knows it
 */
export async function findReader(path: string): Promise<VectorReader> {
  const facts = await stat(path).catch((error: unknown) => {
    const missing =
      error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
    throw missing ? new GraftError('not-found', `There is no file ${path}.`, 'Check the path.') : error
  })
  if (!facts.isFile()) {
    throw new GraftError('invalid-file', `${path} is not a file.`, 'Choose a file that holds vectors.')
  }
  for (const reader of vectorReaders) if (await reader.claims?.(path)) return reader
  const head = await readHead(path)
  refuseKnown(path, head)
  const byContent = vectorReaders.find((reader) => reader.sniff(head))
  if (byContent) return byContent
  if (isPickle(head)) throw unsafePickle(path, 'is a Python pickle')
  const extension = extname(path).toLowerCase()
  const byName = vectorReaders.find((reader) => reader.extensions.includes(extension))
  // The reader that the name promises says best what is wrong with the content.
  if (byName) return byName
  const known = vectorReaders.flatMap((reader) => reader.extensions).join(', ')
  throw new GraftError(
    'unsupported-file',
    `${path} is in no format that vectors are read from.`,
    `Formats: ${known}.`,
  )
}

/** Opens a file of vectors and reads its headers; the caller closes it. @throws GraftError */
export async function openVectorFile(path: string, options: OpenOptions = {}): Promise<VectorFile> {
  const reader = await findReader(path)
  return reader.open(path, options)
}
