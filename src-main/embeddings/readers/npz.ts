import { fromRandomAccessReaderPromise, type Entry, type ZipFile } from 'yauzl'
import { hashFile } from '../hash'
import { GraftError } from '../../contract/errors'
import { unsafePickle } from './npyHeader'
import { keyBytes, readKeyArray } from './keyArrays'
import { guessField, namedField } from './keyFields'
import { npyArrayInfo, npyKeyLayout, readNpyHeader, readNpyRows, type NpyArray } from './npy'
import { usableArray, type OpenOptions, type RowBlock, type VectorFile, type VectorReader } from './reader'
import { withKeys } from './rows'
import { FileSource } from './source'
import { MemberSource } from './zipMember'
import { ZipFileReader } from './zipReader'

/** More members than any archive of vectors has; a directory past it is only there to be slow. */
const maxMembers = 10_000

/**
 * Deflate cannot shrink anything more than 1,032 times (RFC 1951: 258 bytes from 2 bits), so a member that claims more
 * is a lie about its size.
 */
const maxDeflateRatio = 1032

function corrupt(path: string, why: string): GraftError {
  return new GraftError(
    'invalid-file',
    `${path} is not a readable .npz file: ${why}.`,
    'Copy or download the file again, or save it again with numpy.savez.',
  )
}

/** What the archive's own parser throws, in our words; file system errors keep their meaning. */
function archiveError(path: string, error: unknown): unknown {
  if (error instanceof GraftError || !(error instanceof Error) || 'syscall' in error) return error
  return corrupt(path, error.message)
}

async function listMembers(zip: ZipFile, path: string): Promise<Entry[]> {
  const members: Entry[] = []
  for await (const entry of zip.eachEntry()) {
    if (members.length === maxMembers) throw corrupt(path, `it has more than ${maxMembers} members`)
    members.push(entry)
  }
  return members
}

function checkMember(path: string, entry: Entry): void {
  const name = `${entry.fileName} in ${path}`
  if (entry.isEncrypted()) {
    throw new GraftError('unsupported-file', `${name} is encrypted.`, 'Save the arrays without a password.')
  }
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw new GraftError(
      'unsupported-file',
      `${name} is compressed by method ${entry.compressionMethod}, which is not read.`,
      'Save it with numpy.savez or numpy.savez_compressed.',
    )
  }
  if (
    entry.compressionMethod === 8 &&
    entry.uncompressedSize > (entry.compressedSize + 16) * maxDeflateRatio
  ) {
    throw corrupt(
      path,
      `${entry.fileName} claims to grow from ${entry.compressedSize} to ${entry.uncompressedSize} bytes`,
    )
  }
}

export interface Member {
  readonly entry: Entry
  readonly array: NpyArray
}

async function readMembers(zip: ZipFile, path: string): Promise<Map<string, Member>> {
  const entries = await listMembers(zip, path)
  const pickle = entries.find((entry) => /(^|\/)[^/]*\.pkl$/.test(entry.fileName))
  if (pickle) throw unsafePickle(path, `holds the Python pickle ${pickle.fileName} (a PyTorch checkpoint?)`)
  const members = new Map<string, Member>()
  for (const entry of entries) {
    if (!entry.fileName.endsWith('.npy')) continue
    checkMember(path, entry)
    const name = entry.fileName.slice(0, -'.npy'.length)
    if (members.has(name)) throw corrupt(path, `it holds two arrays of the name '${name}'`)
    const source = new MemberSource(zip, entry, path)
    try {
      members.set(name, { entry, array: await readNpyHeader(source, path, name) })
    } finally {
      await source.close()
    }
  }
  if (members.size === 0) {
    throw new GraftError(
      'unsupported-file',
      `${path} is a zip archive without any .npy member.`,
      'Save the vectors with numpy.savez(path, vectors=array).',
      { members: entries.slice(0, 20).map((entry) => entry.fileName) },
    )
  }
  return members
}

async function* readMember(zip: ZipFile, path: string, member: Member): AsyncGenerator<RowBlock> {
  const source = new MemberSource(zip, member.entry, path)
  try {
    yield* readNpyRows(source, member.array)
  } catch (error) {
    throw archiveError(path, error)
  } finally {
    await source.close()
  }
}

async function readMemberKeys(zip: ZipFile, path: string, member: Member): Promise<string[]> {
  const layout = npyKeyLayout(member.array)
  if (!layout) throw new GraftError('internal', `${member.entry.fileName} in ${path} holds no keys.`)
  const source = new MemberSource(zip, member.entry, path)
  try {
    // Arrays of numbers were held against the member's size with their header; texts are so here.
    const expected = layout.dataOffset + layout.rows * keyBytes(layout.type)
    if (expected !== source.size)
      throw corrupt(path, `${member.entry.fileName} does not have the size of its shape`)
    return await readKeyArray(source, layout)
  } catch (error) {
    throw archiveError(path, error)
  } finally {
    await source.close()
  }
}

/** The member that holds the keys, if one is named or can be guessed. */
function chooseKey(path: string, archive: NpzArchive, options: OpenOptions): Member | null {
  const fields = [...archive.members].flatMap(([name, { array }]) => {
    const layout = npyKeyLayout(array)
    return layout ? [{ name, text: layout.type.kind !== 'number' }] : []
  })
  const names = fields.map(({ name }) => name)
  const name = options.key === undefined ? guessField(fields, options) : namedField(path, names, options.key)
  return name === null ? null : (archive.members.get(name) ?? null)
}

/** An open archive: its arrays by name, and their rows. */
export interface NpzArchive {
  readonly bytes: number
  readonly members: ReadonlyMap<string, Member>
  read(member: Member): AsyncGenerator<RowBlock>
  /** An array with one axis as keys. */
  readKeys(member: Member): Promise<string[]>
  close(): void
}

/** Opens an archive and reads its headers. @throws GraftError */
export async function openNpz(path: string): Promise<NpzArchive> {
  const source = await FileSource.open(path)
  const options = { lazyEntries: true, autoClose: false }
  const zip = await fromRandomAccessReaderPromise(new ZipFileReader(source), source.size, options).catch(
    async (error: unknown) => {
      await source.close()
      throw archiveError(path, error)
    },
  )
  try {
    const members = await readMembers(zip, path)
    return {
      bytes: zip.fileSize,
      members,
      read: (member) => readMember(zip, path, member),
      readKeys: (member) => readMemberKeys(zip, path, member),
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    throw archiveError(path, error)
  }
}

/** Several named arrays in a zip archive, as `numpy.savez` and `numpy.savez_compressed` write them. */
export const npzReader: VectorReader = {
  format: 'npz',
  extensions: ['.npz'],
  sniff: (head) => head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5),
  async open(path, options = {}): Promise<VectorFile> {
    const archive = await openNpz(path)
    try {
      return describeArchive(path, archive, options)
    } catch (error) {
      archive.close()
      throw error
    }
  },
}

function describeArchive(path: string, archive: NpzArchive, options: OpenOptions): VectorFile {
  const key = chooseKey(path, archive, options)
  const keyRows = key?.array.header.shape[0] ?? null
  const members = [...archive.members]
  const arrays = members.map(([name, member]) => npyArrayInfo(name, member.array, keyRows))
  return {
    path,
    format: 'npz',
    bytes: archive.bytes,
    arrays,
    keyFields: members.filter(([, { array }]) => npyKeyLayout(array) !== null).map(([name]) => name),
    keyField: members.find(([, member]) => member === key)?.[0] ?? null,
    async *read(name) {
      const array = usableArray({ path, arrays }, name)
      const member = archive.members.get(name)
      if (!member) throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      const keys = array.keyed && key ? await archive.readKeys(key) : null
      yield* withKeys(archive.read(member), keys)
    },
    sha256: (signal) => hashFile(path, signal),
    close: async () => archive.close(),
  }
}
