import { createHash } from 'node:crypto'
import { open, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { GraftError, tableMap, toGraftError, type TableMap } from '../../contract'
import { makeFolder, writeFileAtomic } from '../../project/files'
import { projectFiles } from '../../project/folders'
import { prune } from './versions'

/**
 * Maps that were made, in `cache/maps/`: a line of JSON that describes one, padded to 1 kB, and its points behind it.
 * They are named by the hash of the table's rows and by how they were made, so none is ever out of date.
 */

const headerBytes = 1024
const keptMaps = 48

export interface MapKey {
  readonly hash: string
  readonly method: string
  readonly metric: string
  readonly neighbors: number
}

/** Of the way that maps are made: another number, and the older ones are made anew. */
const edition = 1

export function mapId({ hash, method, metric, neighbors }: MapKey): string {
  // Neither metric nor neighbours mean anything to PCA.
  const how = method === 'pca' ? method : `${method} ${metric} ${neighbors}`
  return createHash('sha256').update(`${edition} ${hash} ${how}`).digest('hex').slice(0, 32)
}

const folderOf = (project: string): string => join(project, projectFiles.cache, 'maps')

function pathOf(project: string, id: string): string {
  if (!/^[0-9a-f]{32}$/.test(id)) throw unknownMap()
  return join(folderOf(project), `${id}.map`)
}

/** The description of a map, or null where it has not been made. */
export async function readMap(project: string, id: string): Promise<TableMap | null> {
  const path = pathOf(project, id)
  const bytes = await readPiece(path, 0, headerBytes).catch((error: unknown) => {
    if (toGraftError(error).code === 'not-found') return null
    throw error
  })
  if (!bytes) return null
  try {
    const found = tableMap.parse(JSON.parse(bytes.toString('utf8')))
    const now = new Date()
    // What is looked at stays longest in the cache; where it cannot be touched it may go earlier.
    await utimes(path, now, now).catch(() => undefined)
    return found
  } catch {
    return null
  }
}

export async function writeMap(project: string, map: TableMap, points: Uint8Array): Promise<void> {
  await makeFolder(folderOf(project))
  await prune(folderOf(project), keptMaps - 1)
  const header = Buffer.alloc(headerBytes, ' ')
  header.write(JSON.stringify(map), 'utf8')
  await writeFileAtomic(pathOf(project, map.id), Buffer.concat([header, points]))
}

/** Points of a map. @returns [count, 2] float32 as bytes; fewer at the end @throws GraftError `not-found` */
export async function readPoints(project: string, id: string, from: number, count: number): Promise<Buffer> {
  const pointBytes = 8
  return readPiece(pathOf(project, id), headerBytes + from * pointBytes, count * pointBytes).catch(
    (error: unknown) => {
      throw toGraftError(error).code === 'not-found' ? unknownMap() : error
    },
  )
}

async function readPiece(path: string, from: number, count: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const bytes = Buffer.alloc(count)
    let read = 0
    while (read < count) {
      const { bytesRead } = await handle.read(bytes, read, count - read, from + read)
      if (bytesRead === 0) break
      read += bytesRead
    }
    return bytes.subarray(0, read)
  } finally {
    await handle.close()
  }
}

const unknownMap = (): GraftError =>
  new GraftError('not-found', 'There is no such map any more.', 'Open the map again.')
