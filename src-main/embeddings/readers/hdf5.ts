import { GraftError } from '../../contract/errors'
import { parseDataset, readDatasetKeys, readDatasetRows, type Dataset } from './hdf5/dataset'
import { listObjects } from './hdf5/groups'
import { hasSignature, Hdf5Storage, readSuperblock } from './hdf5/storage'
import { guessField, namedField } from './keyFields'
import {
  shapeProblem,
  usableArray,
  type OpenOptions,
  type VectorArray,
  type VectorFile,
  type VectorReader,
} from './reader'
import { withKeys } from './rows'
import { FileSource } from './source'

/**
 * HDF5: a file of named datasets in groups, whole or in chunks, compressed with gzip or LZF or not at all. Read here rather
 * than by HDF5's own library, so that rows stream from files of any size and a damaged file can do no harm.
 * https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
 */

/** A dataset that was understood, or why it was not. */
type Found =
  | { readonly name: string; readonly dataset: Dataset }
  | { readonly name: string; readonly problem: GraftError }

async function findDatasets(storage: Hdf5Storage): Promise<Found[]> {
  const objects = await listObjects(storage, await readSuperblock(storage))
  return objects.map((object) => {
    try {
      return { name: object.path, dataset: parseDataset(storage, object) }
    } catch (error) {
      // A dataset of another kind beside the vectors is no reason to refuse those.
      if (error instanceof GraftError && error.code === 'unsupported-file')
        return { name: object.path, problem: error }
      throw error
    }
  })
}

const isKeyField = (found: Found): found is Extract<Found, { dataset: Dataset }> =>
  'dataset' in found && found.dataset.shape.length === 1

function describe(path: string, found: Found, keyRows: number | null): VectorArray {
  if ('problem' in found)
    return { name: found.name, dtype: 'unknown', shape: [], keyed: false, problem: found.problem }
  const { name, type, shape } = found.dataset
  const dtype = type.kind === 'number' ? type.element.name : 'text'
  const problem =
    type.kind === 'number'
      ? shapeProblem(path, name, shape)
      : new GraftError(
          'unsupported-file',
          `'${name}' of ${path} holds text, which is no vector.`,
          'Choose a dataset of numbers.',
          { dtype },
        )
  return { name, dtype, shape, keyed: keyRows !== null && shape[0] === keyRows && problem === null, problem }
}

/** A dataset's own name, without its groups'. */
const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

async function openHdf5(source: FileSource, path: string, options: OpenOptions): Promise<VectorFile> {
  const storage = new Hdf5Storage(source, path)
  const found = await findDatasets(storage)
  const fields = found.filter(isKeyField)
  const names = fields.map(({ name }) => name)
  const keyName = options.key === undefined ? null : namedField(path, names, options.key)
  const guess = guessField(
    fields.map(({ name, dataset }) => ({ name: lastPart(name), text: dataset.type.kind !== 'number' })),
    options,
  )
  const isKey = ({ name }: { name: string }): boolean =>
    keyName === null ? lastPart(name) === guess : name === keyName
  const key = fields.find(isKey)?.dataset ?? null
  const arrays = found.map((one) => describe(path, one, key?.shape[0] ?? null))
  return {
    path,
    format: 'hdf5',
    bytes: source.size,
    arrays,
    keyFields: names,
    keyField: key?.name ?? null,
    async *read(name) {
      const array = usableArray({ path, arrays }, name)
      const one = found.find((candidate) => candidate.name === name)
      if (!one || 'problem' in one)
        throw new GraftError('internal', `${path} lists '${name}' and does not hold it.`)
      const keys = array.keyed && key ? await readDatasetKeys(storage, key) : null
      yield* withKeys(readDatasetRows(storage, one.dataset), keys)
    },
    sha256: (signal) => source.sha256(signal),
    close: () => source.close(),
  }
}

export const hdf5Reader: VectorReader = {
  format: 'hdf5',
  extensions: ['.h5', '.hdf5', '.he5', '.hdf'],
  sniff: (head) => [0, 512, 1024, 2048].some((at) => hasSignature(head, at)),
  async open(path, options = {}) {
    const source = await FileSource.open(path, options.digest)
    try {
      return await openHdf5(source, path, options)
    } catch (error) {
      await source.close()
      throw error
    }
  },
}
