import { littleEndianBytes } from '../hash'
import type { FileSink } from './sink'
import { ThriftWriter, varint } from './thrift'
import { areIntegers, integerBytes, type OutgoingTable, type TableWriter } from './writer'

/**
 * Parquet with the columns `key` (int64 or text) and `vector` (a list of floats), uncompressed and plain: vectors hardly
 * compress, and this way they stream. https://github.com/apache/parquet-format
 */

const magic = Buffer.from('PAR1')
/** Numbers of a row group: 64 MB. */
const groupNumbers = 1 << 24
/** Numbers of a page: a megabyte. */
const pageNumbers = 1 << 18

const [plain, rle] = [0, 3]
const [int64, float, byteArray] = [2, 4, 6]
const [required, repeated] = [0, 2]

interface Chunk {
  readonly column: 'key' | 'vector'
  readonly offset: number
  readonly values: number
  readonly bytes: number
}

interface Group {
  readonly rows: number
  readonly chunks: readonly Chunk[]
}

async function writePage(file: FileSink, values: number, content: Buffer): Promise<void> {
  const data = new ThriftWriter().int32(1, values).int32(2, plain).int32(3, rle).int32(4, rle)
  const header = new ThriftWriter()
    .int32(1, 0)
    .int32(2, content.length)
    .int32(3, content.length)
    .struct(5, data)
  await file.write(header.bytes())
  await file.write(content)
}

/** Levels in runs of one value each (the hybrid of RLE and bit packing, one bit wide), behind their length. */
function levels(runs: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(runs.length)
  return Buffer.concat([length, runs])
}

const run = (count: number, value: 0 | 1): Buffer =>
  Buffer.concat([varint(BigInt(count) << 1n), Buffer.from([value])])

/** Each list begins with repetition level 0 and goes on with 1; every item is there, which is definition level 1. */
function vectorPage(rows: Float32Array, width: number): Buffer {
  const count = rows.length / width
  const one = width > 1 ? Buffer.concat([run(1, 0), run(width - 1, 1)]) : run(1, 0)
  const repetition = Buffer.alloc(count * one.length)
  for (let i = 0; i < count; i++) one.copy(repetition, i * one.length)
  return Buffer.concat([levels(repetition), levels(run(rows.length, 1)), littleEndianBytes(rows)])
}

function textPage(keys: readonly string[]): Buffer {
  return Buffer.concat(
    keys.flatMap((key) => {
      const bytes = Buffer.from(key, 'utf8')
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** The keys of a group, in pages. */
async function writeKeys(
  file: FileSink,
  table: OutgoingTable,
  first: number,
  rows: number,
  integers: boolean,
): Promise<Chunk> {
  const offset = file.position
  for (let row = 0; row < rows; row += 65_536) {
    const keys = Array.from({ length: Math.min(65_536, rows - row) }, (_, i) => table.key(first + row + i))
    await writePage(file, keys.length, integers ? Buffer.from(integerBytes(keys)) : textPage(keys))
  }
  return { column: 'key', offset, values: rows, bytes: file.position - offset }
}

async function writeGroups(file: FileSink, table: OutgoingTable, integers: boolean): Promise<Group[]> {
  const { width } = table
  const groups: Group[] = []
  const pageRows = Math.max(1, Math.floor(pageNumbers / width))
  let first = 0
  let rows = 0
  let offset = file.position
  const close = async (): Promise<void> => {
    if (rows === 0) return
    const vectors: Chunk = { column: 'vector', offset, values: rows * width, bytes: file.position - offset }
    groups.push({ rows, chunks: [await writeKeys(file, table, first, rows, integers), vectors] })
    first += rows
    rows = 0
    offset = file.position
  }
  for await (const block of table.blocks()) {
    for (let at = 0; at < block.length; at += pageRows * width) {
      const part = block.subarray(at, Math.min(block.length, at + pageRows * width))
      await writePage(file, part.length, vectorPage(part, width))
      rows += part.length / width
      if (rows * width >= groupNumbers) await close()
    }
  }
  await close()
  return groups
}

function metadata(table: OutgoingTable, groups: readonly Group[], integers: boolean): Buffer {
  const keyType = integers ? int64 : byteArray
  const key = new ThriftWriter().int32(1, keyType).int32(3, required).text(4, 'key')
  // Converted types: 0 is UTF8, 3 is LIST.
  if (!integers) key.int32(6, 0)
  const schema = [
    new ThriftWriter().text(4, 'schema').int32(5, 2),
    key,
    new ThriftWriter().int32(3, required).text(4, 'vector').int32(5, 1).int32(6, 3),
    new ThriftWriter().int32(3, repeated).text(4, 'list').int32(5, 1),
    new ThriftWriter().int32(1, float).int32(3, required).text(4, 'element'),
  ]
  const column = ({ column: name, offset, values, bytes }: Chunk): ThriftWriter => {
    const facts = new ThriftWriter()
      .int32(1, name === 'key' ? keyType : float)
      .int32s(2, [plain, rle])
      .texts(3, name === 'key' ? ['key'] : ['vector', 'list', 'element'])
      .int32(4, 0)
      .int64(5, values)
      .int64(6, bytes)
      .int64(7, bytes)
      .int64(9, offset)
    return new ThriftWriter().int64(2, offset).struct(3, facts)
  }
  const written = groups.map(({ rows, chunks }) =>
    new ThriftWriter()
      .structs(1, chunks.map(column))
      .int64(
        2,
        chunks.reduce((sum, { bytes }) => sum + bytes, 0),
      )
      .int64(3, rows),
  )
  return new ThriftWriter()
    .int32(1, 1)
    .structs(2, schema)
    .int64(3, table.rows)
    .structs(4, written)
    .text(6, 'graft')
    .bytes()
}

export const parquetWriter: TableWriter = {
  format: 'parquet',
  extensions: ['.parquet', '.pq'],
  paths: (path) => [path],
  async write([file], table) {
    if (!file) return
    const integers = await areIntegers(table)
    await file.write(magic)
    const footer = metadata(table, await writeGroups(file, table, integers), integers)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    await file.write(Buffer.concat([footer, length, magic]))
  },
}
