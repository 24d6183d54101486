import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { GraftError } from '../../../contract/errors'
import type { FileSource } from '../source'
import { corrupt, FlatTable } from './flatbuffer'
import { decompressLz4, Lz4Error } from './lz4'
import { maxFields, parseField, type Field } from './schema'

/** Metadata of one message: schemas and lists of buffers. */
const maxMetadataBytes = 1 << 26

/** The largest decompressed buffer: a column of one batch is decompressed whole. */
const maxDecompressed = 1 << 30

const maxBatches = 1_000_000

type Compression = 'none' | 'lz4' | 'zstd'

/** A batch of rows, its buffers not read yet. */
export interface Batch {
  readonly rows: number
  /** Where its body begins. */
  readonly place: number
  readonly compression: Compression
  /** Number of values of each field, children included, depth first. */
  readonly lengths: readonly number[]
  /** Place and length of each buffer in the file. */
  readonly buffers: readonly { readonly offset: number; readonly length: number }[]
  /** How many further buffers each field of views has. */
  readonly viewBuffers: readonly number[]
}

export interface ArrowFile {
  readonly name: string
  readonly source: FileSource
  readonly fields: readonly Field[]
  /** Whether a dictionary is for the batches after it, and not for all. */
  readonly isStream: boolean
  readonly batches: readonly Batch[]
  readonly dictionaries: readonly { readonly id: number; readonly batch: Batch; readonly delta: boolean }[]
}

interface Message {
  readonly kind: number
  readonly header: FlatTable
  readonly bodyOffset: number
  readonly bodyLength: number
}

/** Reads schema and places of all batches, of a file with a footer or of a stream. */
export async function readArrow(source: FileSource, name: string): Promise<ArrowFile> {
  const start = new Uint8Array(Math.min(8, source.size))
  await source.read(start, 0)
  const isFile = Buffer.from(start.subarray(0, 6)).toString('latin1') === 'ARROW1'
  const messages = isFile ? await readByFooter(source, name) : await readStream(source, name)
  const schemaMessage = messages.find(({ kind }) => kind === 1)
  if (!schemaMessage) throw corrupt(name, 'it has no schema')
  const schema = schemaMessage.header
  if (schema.short(0) !== 0) {
    throw new GraftError('unsupported-file', `${name} is big-endian.`, 'Save it on a little-endian machine.')
  }
  const fields = schema.tables(1)
  if (fields.length > maxFields) throw corrupt(name, `it has ${fields.length} columns`)
  const batches: Batch[] = []
  const dictionaries: { id: number; batch: Batch; delta: boolean }[] = []
  for (const message of messages) {
    if (message.kind === 3) batches.push(parseBatch(message.header, message, name))
    else if (message.kind === 2) {
      const data = message.header.table(1)
      if (!data) throw corrupt(name, 'a dictionary is empty')
      const delta = message.header.byte(2) === 1
      dictionaries.push({
        id: message.header.int64(0),
        batch: parseBatch(data, message, name),
        delta,
      })
    }
  }
  const parsed = fields.map((field) => parseField(field))
  return { name, source, fields: parsed, isStream: !isFile, batches, dictionaries }
}

/** Reads a message's metadata; null at a stream's end. */
async function readMessage(source: FileSource, offset: number, name: string): Promise<Message | null> {
  if (offset + 4 > source.size) return null
  const prefix = new Uint8Array(Math.min(8, source.size - offset))
  await source.read(prefix, offset)
  const view = new DataView(prefix.buffer)
  // Before version 0.15 there was no mark before the length.
  const marked = view.getUint32(0, true) === 0xffffffff
  if (marked && prefix.length < 8) return null
  const length = marked ? view.getUint32(4, true) : view.getUint32(0, true)
  const at = offset + (marked ? 8 : 4)
  if (length === 0) return null
  if (length > maxMetadataBytes || at + length > source.size)
    throw corrupt(name, 'a message is longer than the file')
  const metadata = new Uint8Array(length)
  await source.read(metadata, at)
  const message = FlatTable.root(metadata, name)
  const header = message.table(2)
  const bodyLength = message.int64(3)
  const bodyOffset = at + length
  if (!header || bodyLength < 0 || bodyOffset + bodyLength > source.size)
    throw corrupt(name, 'a message has no body within the file')
  return { kind: message.byte(1), header, bodyOffset, bodyLength }
}

async function readStream(source: FileSource, name: string): Promise<Message[]> {
  const messages: Message[] = []
  for (let offset = 0; ;) {
    const message = await readMessage(source, offset, name)
    if (!message) return messages
    if (messages.push(message) > maxBatches) throw corrupt(name, 'it has too many batches')
    offset = message.bodyOffset + Math.ceil(message.bodyLength / 8) * 8
  }
}

async function readByFooter(source: FileSource, name: string): Promise<Message[]> {
  const tail = new Uint8Array(10)
  if (source.size < 24) throw corrupt(name, 'it is too short')
  await source.read(tail, source.size - 10)
  if (Buffer.from(tail.subarray(4)).toString('latin1') !== 'ARROW1') throw corrupt(name, 'its end is missing')
  const length = new DataView(tail.buffer).getInt32(0, true)
  if (length <= 0 || length > maxMetadataBytes || length > source.size - 18)
    throw corrupt(name, 'its footer has no sensible length')
  const bytes = new Uint8Array(length)
  await source.read(bytes, source.size - 10 - length)
  const footer = FlatTable.root(bytes, name)
  const schema = footer.table(1)
  if (!schema) throw corrupt(name, 'it has no schema')
  const messages: Message[] = [{ kind: 1, header: schema, bodyOffset: 0, bodyLength: 0 }]
  // Block: offset (8), length of the metadata (4, padded to 8), length of the body (8).
  for (const number of [2, 3]) {
    for (const [offset = 0] of footer.structures(number, 24, [0])) {
      const message = offset < 8 ? null : await readMessage(source, offset, name)
      if (!message) throw corrupt(name, 'a batch is not where its footer says')
      if (messages.push(message) > maxBatches) throw corrupt(name, 'it has too many batches')
    }
  }
  return messages
}

function parseBatch(header: FlatTable, message: Message, name: string): Batch {
  const rows = header.int64(0)
  const lengths = header.structures(1, 16, [0]).map(([length = 0]) => length)
  if (rows < 0 || lengths.some((length) => length < 0)) throw corrupt(name, 'a batch has a negative length')
  const buffers = header.structures(2, 16, [0, 8]).map(([offset = 0, length = 0]) => {
    if (offset < 0 || length < 0 || offset + length > message.bodyLength)
      throw corrupt(name, 'a buffer lies outside of its batch')
    return { offset: message.bodyOffset + offset, length }
  })
  const compressed = header.table(3)
  const codec = compressed?.byte(0) ?? 0
  if (compressed && codec > 1) throw corrupt(name, 'it is compressed in an unknown way')
  const viewBuffers = header.structures(4, 8, [0]).map(([count = 0]) => count)
  return {
    rows,
    place: message.bodyOffset,
    compression: !compressed ? 'none' : codec === 0 ? 'lz4' : 'zstd',
    lengths,
    buffers,
    viewBuffers,
  }
}

/** A buffer of a batch, read in pieces where it is not compressed. */
export interface BufferReader {
  readonly bytes: number
  /** @throws GraftError `invalid-file` past its end */
  read(offset: number, length: number): Promise<Uint8Array>
}

const empty = new Uint8Array(0)

/**
 * @param needed bytes that the values take; more than that, with its padding, is not decompressed. Null where only the
 *   buffer itself tells.
 */
export async function openBuffer(
  file: ArrowFile,
  batch: Batch,
  index: number,
  needed: number | null,
): Promise<BufferReader> {
  const { source, name } = file
  const place = batch.buffers[index]
  if (!place) throw corrupt(name, 'a batch has too few buffers')
  const short = (): GraftError => corrupt(name, 'a buffer is shorter than its values')
  if (batch.compression === 'none' || place.length === 0) {
    return {
      bytes: place.length,
      read: async (offset, length) => {
        if (length === 0) return empty
        if (offset < 0 || offset + length > place.length) throw short()
        const bytes = new Uint8Array(length)
        await source.read(bytes, place.offset + offset)
        return bytes
      },
    }
  }
  const whole = await decompress(file, batch.compression, place, needed)
  return {
    bytes: whole.length,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > whole.length) throw short()
      return whole.subarray(offset, offset + length)
    },
  }
}

async function decompress(
  { source, name }: ArrowFile,
  codec: Compression,
  { offset, length }: { offset: number; length: number },
  needed: number | null,
): Promise<Uint8Array> {
  if (length < 8) throw corrupt(name, 'a compressed buffer is too short')
  const stored = new Uint8Array(length)
  await source.read(stored, offset)
  // The decompressed length; -1 for a buffer that compression would not have made smaller.
  const announced = Number(new DataView(stored.buffer).getBigInt64(0, true))
  const content = stored.subarray(8)
  if (announced === -1) return content
  // LZ4 makes at most 255 bytes of one; zstd may make very many, so what is needed decides.
  const most = codec === 'lz4' ? 255 * content.length + 64 : maxDecompressed
  if (announced < 0 || announced > most || (needed !== null && announced > 2 * needed + 65_536))
    throw corrupt(name, 'a compressed buffer claims a size that it cannot have')
  if (announced > maxDecompressed) {
    throw new GraftError(
      'unsupported-file',
      `${name} has compressed columns of ${(announced / 2 ** 20).toFixed(0)} MiB in one batch.`,
      'Save it uncompressed, or in smaller batches.',
    )
  }
  try {
    if (codec === 'lz4') return await decompressLz4(content, announced)
    const whole = await unzstd(name, content, announced)
    if (whole.length !== announced) throw corrupt(name, 'a compressed buffer has another size than it says')
    return whole
  } catch (error) {
    if (error instanceof GraftError) throw error
    if (error instanceof Lz4Error) throw corrupt(name, `a compressed buffer is damaged: ${error.message}`)
    throw corrupt(name, 'a compressed buffer is damaged')
  }
}

/** zlib of a runtime that may know Zstandard: Node from 22.15 on does. */
interface MaybeZstd {
  readonly inflate: typeof zlib.inflate
  readonly zstdDecompress?: (
    bytes: Uint8Array,
    options: { maxOutputLength: number },
    done: (error: Error | null, result: Uint8Array) => void,
  ) => void
}

async function unzstd(name: string, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const { zstdDecompress }: MaybeZstd = zlib
  if (!zstdDecompress) {
    throw new GraftError(
      'unsupported-file',
      `${name} is compressed with zstd, which Node ${process.versions.node} cannot read.`,
      'Save it with compression="lz4" or "uncompressed", or run Graft with Node 22.15 or later.',
    )
  }
  return promisify(zstdDecompress)(bytes, { maxOutputLength: Math.max(1, size) })
}
