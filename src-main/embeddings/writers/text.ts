import { basename, dirname, join } from 'node:path'
import { GraftError } from '../../contract/errors'
import { metadataPath } from '../readers/projector'
import type { FileSink } from './sink'
import { keyPieces, type OutgoingTable, type TableWriter } from './writer'

/** Numbers that become text before other work gets a turn. */
const numbersAtOnce = 32_768

/** The shortest text that is read back as the same float32, or nearly so: seven digits where they do, else nine. */
export function floatText(value: number): string {
  const short = Number(value.toPrecision(7))
  return String(Math.fround(short) === value ? short : Number(value.toPrecision(9)))
}

async function writeLines(
  file: FileSink,
  table: OutgoingTable,
  separator: string,
  prefix: (row: number) => string,
): Promise<void> {
  const { width } = table
  const rowsAtOnce = Math.max(1, Math.floor(numbersAtOnce / width))
  let row = 0
  for await (const block of table.blocks()) {
    for (let start = 0; start < block.length; start += rowsAtOnce * width) {
      let text = ''
      for (let at = start; at < Math.min(block.length, start + rowsAtOnce * width); at += width, row++) {
        text += prefix(row)
        for (let i = at; i < at + width; i++) text += (i === at ? '' : separator) + floatText(block[i] ?? NaN)
        text += '\n'
      }
      await file.write(text)
    }
  }
}

function refuse(format: string, key: string, why: string): GraftError {
  return new GraftError(
    'invalid-setting',
    `The ${format} format cannot hold the key ${JSON.stringify(key.slice(0, 60))}: ${why}.`,
    'Choose npz, Parquet or safetensors, which hold any text.',
    { key },
  )
}

/** word2vec's text format, as gensim, fastText and others read it: rows and width, then a key and numbers on each line. */
export const word2vecWriter: TableWriter = {
  format: 'word2vec',
  extensions: ['.vec', '.w2v', '.txt'],
  paths: (path) => [path],
  async write([file], table) {
    for (const keys of keyPieces(table)) {
      const wrong = keys.find((key) => key === '' || /\s/u.test(key))
      if (wrong !== undefined) throw refuse('word2vec', wrong, 'its keys end at the first space')
    }
    if (!file) return
    await file.write(`${table.rows} ${table.width}\n`)
    await writeLines(file, table, ' ', (row) => `${table.key(row)} `)
  },
}

/** Where the Projector's pair goes: a name that says `tensors` is kept, any other becomes the beginning of both. */
function pair(path: string): [tensors: string, metadata: string] {
  const metadata = metadataPath(path)
  if (metadata !== null) return [path, metadata]
  const beginning = join(dirname(path), basename(path).replace(/\.tsv$/i, ''))
  return [`${beginning}_tensors.tsv`, `${beginning}_metadata.tsv`]
}

/** The Embedding Projector's pair: numbers, and their keys as metadata of one column, which has no name. */
export const projectorWriter: TableWriter = {
  format: 'projector',
  extensions: ['.tsv'],
  paths: pair,
  async write([tensors, metadata], table) {
    for (const keys of keyPieces(table)) {
      const wrong = keys.find((key) => key.trim() === '' || /[\t\r\n]/.test(key))
      if (wrong !== undefined) throw refuse('Projector', wrong, 'metadata are parted by tabs and line breaks')
    }
    if (tensors) await writeLines(tensors, table, '\t', () => '')
    if (!metadata) return
    for (const keys of keyPieces(table)) await metadata.write(`${keys.join('\n')}\n`)
  },
}
