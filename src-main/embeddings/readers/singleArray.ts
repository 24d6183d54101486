import { refuseNamedKey } from './keyFields'
import { usableArray, type OpenOptions, type RowBlock, type VectorArray, type VectorFile } from './reader'
import { FileSource } from './source'

/** What a format finds in a file that holds one array without a name. */
export interface SingleArray {
  readonly array: VectorArray
  rows(): AsyncIterable<RowBlock>
}

/**
 * Opens a file of a format that holds one array and names no fields; it is closed again where `describe` fails.
 * @param format how the format is recorded
 * @throws GraftError `invalid-setting` for a named key field, and what `describe` throws
 */
export async function openSingleArray(
  path: string,
  format: string,
  options: OpenOptions,
  describe: (source: FileSource) => Promise<SingleArray>,
): Promise<VectorFile> {
  refuseNamedKey(path, format, options)
  const source = await FileSource.open(path, options.digest)
  try {
    const { array, rows } = await describe(source)
    const arrays = [array]
    return {
      path,
      format,
      bytes: source.size,
      arrays,
      keyFields: [],
      keyField: null,
      read(name) {
        usableArray({ path, arrays }, name)
        return rows()
      },
      sha256: (signal) => source.sha256(signal),
      close: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}
