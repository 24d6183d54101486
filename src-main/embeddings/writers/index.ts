import { extname } from 'node:path'
import { GraftError, type TableFormat } from '../../contract'
import { npyWriter } from './npy'
import { npzWriter } from './npz'
import { parquetWriter } from './parquet'
import { safetensorsWriter } from './safetensors'
import { projectorWriter, word2vecWriter } from './text'
import type { TableWriter } from './writer'

/** Every format that tables are written in. */
export const tableWriters: readonly TableWriter[] = [
  npzWriter,
  npyWriter,
  parquetWriter,
  safetensorsWriter,
  word2vecWriter,
  projectorWriter,
]

/**
 * The writer of a format, or of the one that a file's name stands for.
 * @throws GraftError `invalid-setting` for a name that stands for none
 */
export function findWriter(path: string, format: TableFormat | null): TableWriter {
  const extension = extname(path).toLowerCase()
  const writer = tableWriters.find((candidate) =>
    format === null ? candidate.extensions.includes(extension) : candidate.format === format,
  )
  if (writer) return writer
  throw new GraftError(
    'invalid-setting',
    `The name of ${path} tells no format that tables are written in.`,
    `Let it end with ${tableWriters.map(({ extensions }) => extensions[0] ?? '').join(', ')}, or name the format.`,
  )
}
