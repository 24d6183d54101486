import { Readable } from 'node:stream'
import { createDeflate, createDeflateRaw, deflateSync } from 'node:zlib'
import type { Corpus, Seed } from './seeds'
import { deflatedMember, npyOf, type ZipMember, zipOf } from './zip'

/** A file that is made to hurt whoever believes it, in pieces, so that writing it takes no memory. The first is opened. */
export interface Trap {
  readonly what: string
  readonly files: readonly { readonly name: string; readonly pieces: Iterable<Uint8Array> }[]
  /** Whether it must be refused; the others may be harmless where they lie. */
  readonly refused: boolean
}

const megabyte = 2 ** 20
const huge = 2n ** 41n

function* times(count: number, piece: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield piece
}

function* together(...parts: Iterable<Uint8Array>[]): Generator<Uint8Array> {
  for (const part of parts) yield* part
}

const spaces = (count: number): Iterable<Uint8Array> => times(count, Buffer.alloc(megabyte, ' '))
const refused = (what: string, name: string, pieces: Iterable<Uint8Array>): Trap => ({
  what,
  files: [{ name, pieces }],
  refused: true,
})
const text = (what: string, name: string, ...parts: (string | Iterable<Uint8Array>)[]): Trap =>
  refused(
    what,
    name,
    together(...parts.map((part) => (typeof part === 'string' ? [Buffer.from(part)] : part))),
  )

/** What 200 MB of zeros become. */
async function bomb(packer: ReturnType<typeof createDeflate>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of Readable.from(times(200, Buffer.alloc(megabyte))).pipe(packer)) parts.push(part)
  return Buffer.concat(parts)
}

const le64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}
const le32 = (value: number): Buffer => Buffer.from(le64(BigInt(value)).subarray(0, 4))

/** The file once for each place where `from` stands, with `to` there instead. */
function replaced(seed: Seed, from: Buffer, to: Buffer): Seed[] {
  const whole = Buffer.from(seed.bytes)
  const found: Seed[] = []
  for (let at = whole.indexOf(from); at >= 0; at = whole.indexOf(from, at + 1)) {
    const bytes = Buffer.concat([whole.subarray(0, at), to, whole.subarray(at + from.length)])
    found.push({ name: seed.name, bytes })
  }
  return found
}

const asTrap =
  (what: string) =>
  ({ name, bytes }: Seed): Trap => ({ what, files: [{ name, pieces: [bytes] }], refused: false })

/** Counts and lengths of all the corpus' files, each as large as it gets. */
function swollen(corpus: Corpus, numbers: readonly number[], bytes: 4 | 8): Trap[] {
  const seeds = corpus.map(([first]) => first)
  const larger =
    bytes === 8 ? [le64(huge), le64(2n ** 63n - 1n), le64(-1n)] : [le32(0x7fffffff), le32(0xffffffff)]
  return numbers.flatMap((number) =>
    larger.flatMap((to) =>
      seeds.flatMap((seed) =>
        replaced(seed, bytes === 8 ? le64(BigInt(number)) : le32(number), to).map(
          asTrap(`${number} is ${to.toString('hex')}`),
        ),
      ),
    ),
  )
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}

/** Parquet's footer is thrift: numbers take as many bytes as they need, and its length stands behind it. */
function parquetTraps(corpus: Corpus): Trap[] {
  return corpus.flatMap(([seed]) => {
    const whole = Buffer.from(seed.bytes)
    const footer = whole.subarray(-8 - whole.readUInt32LE(whole.length - 8), -8)
    const head = whole.subarray(0, whole.length - 8 - footer.length)
    const places = [...footer.keys()].filter((at) => footer[at] === 0x16 && (footer[at + 1] ?? 0x80) < 0x80)
    const lies = places.flatMap((at) =>
      [2n * huge, 2n ** 64n - 2n].map((number): Seed => {
        const changed = Buffer.concat([footer.subarray(0, at + 1), varint(number), footer.subarray(at + 2)])
        const bytes = Buffer.concat([head, changed, le32(changed.length), Buffer.from('PAR1')])
        return { name: seed.name, bytes }
      }),
    )
    const footless = Buffer.concat([whole.subarray(0, -8), le32(0xffffffff), Buffer.from('PAR1')])
    return [
      ...lies.map(asTrap('a number of the footer is huge')),
      refused('a footer of four gigabytes', seed.name, [footless]),
    ]
  })
}

async function npzTraps(): Promise<Trap[]> {
  const rows = npyOf('(2, 4)', Buffer.alloc(32))
  const honest = deflatedMember('vectors.npy', rows)
  const packed = await bomb(createDeflateRaw())
  const grows: ZipMember = { ...honest, packed }
  const stored: ZipMember = { ...honest, packed: rows, method: 0, claimed: 0xfffffff0 }
  const many = Array.from({ length: 20_000 }, (_, i) => ({ ...honest, name: `${i}.npy` }))
  const npz = (what: string, bytes: Buffer): Trap => refused(what, 'trap.npz', [bytes])
  return [
    npz('a member is longer than its directory says', zipOf([grows])),
    npz('a member claims what deflate cannot do', zipOf([{ ...honest, claimed: 0xf0000000 }])),
    npz('a member claims four gigabytes that are not there', zipOf([stored])),
    npz('more members than there are', zipOf([honest], 0xfffe)),
    npz('20,000 members', zipOf(many)),
    npz('two members of a name', zipOf([honest, honest])),
    npz(
      'a header of more rows than the member has',
      zipOf([deflatedMember('vectors.npy', npyOf('(1000000000000, 4)', Buffer.alloc(32)))]),
    ),
    npz('zeros end before the rows that they claim', zipOf([{ ...honest, packed, claimed: 0xc000000 }])),
    npz(
      'keys of a gigabyte each',
      zipOf([
        deflatedMember('vectors.npy', rows),
        deflatedMember('ids.npy', npyOf('(2,)', Buffer.alloc(32), '<U268435456')),
      ]),
    ),
  ]
}

/** The chunk of a file is a bomb of 200 MB in the place of its own. */
async function hdf5Traps(corpus: Corpus): Promise<Trap[]> {
  const packed = await bomb(createDeflate())
  const own = deflateSync(Buffer.alloc(1)).subarray(0, 1)
  const bombs = corpus.flatMap(([seed]) => {
    const whole = Buffer.from(seed.bytes)
    const found: Seed[] = []
    for (let at = whole.indexOf(own); at >= 0; at = whole.indexOf(own, at + 1)) {
      const bytes = Buffer.from(whole)
      packed.copy(bytes, at)
      found.push({ name: seed.name, bytes })
    }
    return found
  })
  return [
    ...bombs.map(asTrap('a chunk that grows to 200 MB')),
    ...swollen(corpus, [4, 6, 8], 8),
    ...swollen(corpus, [2, 3, 4], 4),
  ]
}

/** A checkpoint's index of one tensor of float32. */
function checkpointIndex(entry: Buffer, shards: number): Buffer {
  const item = (key: string, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0, key.length, value.length]), Buffer.from(key), value])
  const block = (...items: Buffer[]): Buffer => Buffer.concat([...items, le32(0), le32(1)])
  const header = Buffer.concat([Buffer.from([8]), varint(BigInt(shards))])
  const data = block(item('', header), item('w', entry))
  const trailer = Buffer.alloc(5)
  const index = block(item('w', Buffer.concat([varint(0n), varint(BigInt(data.length))])))
  const handle = Buffer.concat([varint(BigInt(data.length + 5)), varint(BigInt(index.length))])
  const footer = Buffer.concat([Buffer.from([0, 0]), handle, Buffer.alloc(38 - handle.length)])
  const magic = le64(0xdb4775248b80fb57n)
  return Buffer.concat([data, trailer, index, trailer, footer, magic])
}

function bundleEntry(rows: bigint, width: bigint, offset: bigint, size: bigint): Buffer {
  const axis = (length: bigint): Buffer => {
    const number = Buffer.concat([Buffer.from([8]), varint(length)])
    return Buffer.concat([Buffer.from([0x12, number.length]), number])
  }
  const shape = Buffer.concat([axis(rows), axis(width)])
  const numbers = Buffer.concat([Buffer.from([0x20]), varint(offset), Buffer.from([0x28]), varint(size)])
  return Buffer.concat([Buffer.from([8, 1, 0x12, shape.length]), shape, numbers])
}

function checkpointTraps(): Trap[] {
  const trap = (what: string, entry: Buffer, shards = 1): Trap => ({
    what,
    files: [
      { name: 'trap.index', pieces: [checkpointIndex(entry, shards)] },
      { name: 'trap.data-00000-of-00001', pieces: [Buffer.alloc(32)] },
    ],
    refused: true,
  })
  return [
    trap('a tensor of terabytes', bundleEntry(huge, 4n, 0n, 16n * huge)),
    trap('a row of a billion numbers', bundleEntry(2n, 2n ** 30n, 0n, 2n ** 33n)),
    trap('numbers past the end', bundleEntry(2n, 4n, 2n ** 50n, 32n)),
    trap('another shape than size', bundleEntry(2n ** 31n, 2n ** 31n, 0n, 32n)),
    trap('a billion files', bundleEntry(2n, 4n, 0n, 32n), 2 ** 30),
    refused('an index of 300 MB', 'trap.index', times(300, Buffer.alloc(megabyte))),
  ]
}

/** What each parser must live through, besides damage by chance. */
export async function makeTraps(parser: string, corpus: Corpus): Promise<Trap[]> {
  const keyed = (name: string): string => (name.endsWith('.tsv') ? 'key\ta\tb\n' : 'key,a,b\n')
  const long = (name: string): Trap => text('a line that does not end', name, keyed(name), 'x', spaces(200))
  switch (parser) {
    case 'npy':
      return [
        refused('more rows than bytes', 'trap.npy', [npyOf('(1000000000000, 4)', Buffer.alloc(32))]),
        refused('axes whose product is no number', 'trap.npy', [
          npyOf(`(${10n ** 30n}, ${10n ** 30n})`, Buffer.alloc(32)),
        ]),
        refused('a header of four gigabytes', 'trap.npy', [
          Buffer.concat([Buffer.from('\x93NUMPY\x02\x00', 'latin1'), le32(0xffffffff), Buffer.alloc(99)]),
        ]),
        refused(
          'a header of 200 MB',
          'trap.npy',
          together(
            [Buffer.concat([Buffer.from('\x93NUMPY\x02\x00', 'latin1'), le32(200 * megabyte)])],
            spaces(200),
          ),
        ),
      ]
    case 'npz':
      return npzTraps()
    case 'safetensors':
      return [
        refused('a header of exabytes', 'trap.safetensors', [le64(2n ** 62n), Buffer.from('{}')]),
        refused(
          'a header of 200 MB',
          'trap.safetensors',
          together([le64(200n * 2n ** 20n), Buffer.from('{')], spaces(200)),
        ),
      ]
    case 'parquet':
      return parquetTraps(corpus)
    case 'arrow':
      return [...swollen(corpus, [4, 6, 24, 96], 8), ...swollen(corpus, [4, 6, 24], 4)]
    case 'hdf5':
      return hdf5Traps(corpus)
    case 'checkpoint':
      return checkpointTraps()
    case 'word2vec':
      return [
        text('more rows than bytes', 'trap.vec', '999999999999 300\na 1 2 3\n'),
        text('rows of a billion numbers', 'trap.vec', '1 1000000000\na 1 2 3\n'),
        text('a line that does not end', 'trap.vec', '2 4\n', spaces(200)),
      ]
    case 'word2vec-binary':
      return [
        text('more rows than bytes', 'trap.bin', '999999999999 300\na ', [Buffer.alloc(1200, 1)]),
        text('rows of a billion numbers', 'trap.bin', '1 1000000000\na ', [Buffer.alloc(1200, 1)]),
        text('a key that does not end', 'trap.bin', '2 4\n', times(64, Buffer.alloc(megabyte, 'x'))),
        refused("fastText's own model", 'model.bin', [
          le32(793712314),
          ...Array.from({ length: 40 }, () => le32(12)),
        ]),
      ]
    case 'glove':
      return [text('a line that does not end', 'trap.glove', 'a 1 2 3\n', 'b', spaces(200))]
    case 'csv':
      return [
        long('trap.csv'),
        text(
          'a quotation that does not end',
          'trap.csv',
          'key,a,b\n"',
          times(200, Buffer.alloc(megabyte, 'x\n')),
        ),
        text('a million columns', 'trap.csv', `key${',a'.repeat(1_000_000)}\nx${',1'.repeat(1_000_000)}\n`),
        text('packed by gzip', 'trap.csv', [
          Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
          await bomb(createDeflateRaw()),
        ]),
      ]
    case 'tsv':
      return [
        long('trap.tsv'),
        text('a null byte in every place', 'trap.tsv', times(20, Buffer.alloc(megabyte))),
      ]
    case 'projector':
      return [text('a line that does not end', 'tensors.tsv', '1\t2\n', spaces(200))]
    case 'sidecar':
      return [
        text('lists in lists', 'ids.json', '['.repeat(2_000_000)),
        text('a line that does not end', 'ids.txt', 'a\n', times(200, Buffer.alloc(megabyte, 'x'))),
        refused('keys of a gigabyte each', 'keys.npy', [npyOf('(2,)', Buffer.alloc(32), '<U268435456')]),
        refused('a trillion keys', 'keys.npy', [npyOf('(1000000000000,)', Buffer.alloc(32), '<i8')]),
      ]
    default:
      return []
  }
}
