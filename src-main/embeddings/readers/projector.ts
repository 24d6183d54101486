import { basename, dirname, join } from 'node:path'
import { GraftError } from '../../contract/errors'
import { isFile } from '../../project/files'
import { readSidecarKeys, sidecarColumns } from '../sidecar'
import { tsvReader } from './delimited'
import { guessField, namedField } from './keyFields'
import { usableArray, type OpenOptions, type VectorFile, type VectorReader } from './reader'
import { withKeys } from './rows'

/**
 * The Embedding Projector's pair: numbers alone in `tensors.tsv`, and beside it `metadata.tsv` with a row for each: one
 * column without a name, or several with names. A pair may bear a common beginning, such as `words_tensors.tsv`.
 * https://projector.tensorflow.org (Load data from your computer)
 */

const tensorsName = /^(.*?)(?:tensors?|vectors?|vecs)\.tsv$/i

/** Where the metadata of such a file would lie; null for other names. */
export function metadataPath(path: string): string | null {
  const found = tensorsName.exec(basename(path))
  return found ? join(dirname(path), `${found[1] ?? ''}metadata.tsv`) : null
}

/** The keys of the column that is named or can be guessed; null where there are several and none can be told. */
async function readKeys(
  metadata: string,
  columns: readonly string[],
  options: OpenOptions,
): Promise<{ field: string | null; keys: string[] } | null> {
  if (columns.length === 0 && options.key !== undefined) namedField(metadata, columns, options.key)
  if (columns.length === 0)
    return { field: null, keys: await readSidecarKeys(metadata, { ...options, keyNames: [] }) }
  const fields = columns.map((name) => ({ name, text: false }))
  const field =
    options.key === undefined ? guessField(fields, options) : namedField(metadata, columns, options.key)
  return field === null ? null : { field, keys: await readSidecarKeys(metadata, { key: field }) }
}

async function openPair(tensors: VectorFile, metadata: string, options: OpenOptions): Promise<VectorFile> {
  const columns = await sidecarColumns(metadata)
  const found = await readKeys(metadata, columns, options)
  const [table] = tensors.arrays
  const [rows = 0] = table?.shape ?? []
  if (found && found.keys.length !== rows) {
    throw new GraftError(
      'shape-mismatch',
      `${basename(metadata)} has ${found.keys.length.toLocaleString('en-US')} rows, and ${basename(tensors.path)} ` +
        `beside it has ${rows.toLocaleString('en-US')}.`,
      'There must be one row of metadata for each vector, in the same order; move a file that does not belong to it.',
      { expected: rows, found: found.keys.length },
    )
  }
  const arrays = tensors.arrays.map((array) => ({
    ...array,
    keyed: found !== null && array.problem === null,
  }))
  return {
    ...tensors,
    format: 'projector',
    arrays,
    keyFields: columns,
    keyField: found?.field ?? null,
    read(name) {
      usableArray({ path: tensors.path, arrays }, name)
      return withKeys(tensors.read(name), found?.keys ?? null)
    },
  }
}

export const projectorReader: VectorReader = {
  format: 'projector',
  extensions: [],
  sniff: () => false,
  async claims(path) {
    const metadata = metadataPath(path)
    return metadata !== null && (await isFile(metadata))
  },
  async open(path, options = {}) {
    const tensors = await tsvReader.open(path, { bare: true, digest: options.digest === true })
    try {
      // A table with keys of its own needs none from beside it.
      if (tensors.keyField !== null) {
        await tensors.close()
        return await tsvReader.open(path, options)
      }
      const metadata = metadataPath(path)
      if (metadata === null) throw new GraftError('internal', `${path} has no name of the Projector's.`)
      return await openPair(tensors, metadata, options)
    } catch (error) {
      await tensors.close().catch(() => undefined)
      throw error
    }
  },
}
