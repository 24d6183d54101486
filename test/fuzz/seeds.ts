import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  encodedVocabulary,
  exportTable,
  openVectorFile,
  valueVocabulary,
  writeNpy,
} from '../../src-main/embeddings'

/** A file that is whole, from which damaged ones are made. */
export interface Seed {
  readonly name: string
  readonly bytes: Uint8Array
}

/** The files of one table, of which a case damages any; the first is the one that is opened. */
export type Files = readonly [Seed, ...Seed[]]

/** The tables that a parser's cases are made from. */
export type Corpus = readonly [Files, ...Files[]]

const keys = ['alpha', 'beta', 'gamma', 'über', '"quoted"', 'x.y-z']
const width = 4
const numbers = Float32Array.from(
  { length: keys.length * width },
  (_, i) => (i - 9) / 8 + (i % 5 === 0 ? 1e10 : 0),
)
const row = (i: number): number[] => [...numbers.subarray(i * width, (i + 1) * width)]

const text = (name: string, content: string): Seed => ({ name, bytes: Buffer.from(content) })
const lines = (separator: string): string =>
  keys.map((key, i) => [key.replace(/"/g, ''), ...row(i)].join(separator)).join('\n')

function word2vecBinary(): Buffer {
  const rows = keys.map((key, i) =>
    Buffer.concat([Buffer.from(`${key} `), Buffer.from(Float32Array.from(row(i)).buffer)]),
  )
  return Buffer.concat([Buffer.from(`${keys.length} ${width}\n`), ...rows])
}

/** Files that Graft writes itself, with keys of text and of numbers. */
async function written(folder: string): Promise<Map<string, Seed>> {
  await mkdir(folder, { recursive: true })
  const all = new Float32Array(numbers.length + width)
  all.set(numbers, width)
  const source = join(folder, 'source.npy')
  await writeNpy(source, all, width)
  const file = await openVectorFile(source)
  const [array] = file.arrays
  if (!array) throw new Error('The source has no array.')
  for (const [name, vocabulary] of [
    ['texts', await valueVocabulary(keys)],
    ['numbers', encodedVocabulary(keys.length)],
  ] as const) {
    for (const ending of ['.npz', '.npy', '.parquet', '.safetensors', '.vec', '.tsv']) {
      const path = join(folder, `${name}${ending}`)
      await exportTable({ table: { file, array }, vocabulary, path, format: null, force: true })
    }
  }
  await file.close()
  const seeds = new Map<string, Seed>()
  for (const name of await readdir(folder))
    seeds.set(name, { name, bytes: await readFile(join(folder, name)) })
  return seeds
}

/** What each parser is fed with, by the parser's name. @param fixtures folder of the checked-in files */
export async function makeCorpora(folder: string, fixtures: string): Promise<Map<string, Corpus>> {
  const own = await written(folder)
  const fixture = async (...path: string[]): Promise<Seed> => {
    const bytes = await readFile(join(fixtures, ...path))
    return { name: path.at(-1) ?? '', bytes }
  }
  const ours = (name: string): Seed => {
    const seed = own.get(name)
    if (!seed) throw new Error(`${name} was not written.`)
    return seed
  }
  const each = (first: Seed, ...others: Seed[]): Corpus => [[first], ...others.map((seed): Files => [seed])]
  const renamed = (seed: Seed, name: string): Seed => ({ ...seed, name })
  const projector = (name: string): Files => [
    renamed(ours(`${name}_tensors.tsv`), 'tensors.tsv'),
    renamed(ours(`${name}_metadata.tsv`), 'metadata.tsv'),
  ]
  const checkpoint = async (name: string): Promise<Files> => [
    await fixture('seeds', `${name}.index`),
    await fixture('seeds', `${name}.data-00000-of-00001`),
  ]
  const list = `key,title,vector\n${keys.map((_, i) => `${i},"a ""b""","[${row(i).join(', ')}]"`).join('\n')}\n`
  const fastText = `${keys.length} ${width}\n${lines(' ').replaceAll('\n', ' \n')} \n`
  const table = keys.map((key, i) => `${i}\t${key}`).join('\n')
  return new Map<string, Corpus>([
    ['npy', each(ours('texts.npy'), await fixture('float16-big-F.npy'), await fixture('version-3.npy'))],
    ['npz', each(ours('texts.npz'), ours('numbers.npz'), await fixture('deflated.npz'))],
    ['parquet', each(ours('texts.parquet'), ours('numbers.parquet'))],
    ['safetensors', each(ours('texts.safetensors'), ours('numbers.safetensors'))],
    [
      'hdf5',
      each(
        await fixture('seeds', 'whole.h5'),
        await fixture('seeds', 'chunks.h5'),
        await fixture('seeds', 'latest.h5'),
      ),
    ],
    [
      'arrow',
      each(
        await fixture('seeds', 'list.feather'),
        await fixture('seeds', 'fixed.arrow'),
        await fixture('seeds', 'columns.arrows'),
      ),
    ],
    ['word2vec', each(ours('numbers.vec'), text('fasttext.vec', fastText))],
    ['word2vec-binary', each({ name: 'words.bin', bytes: word2vecBinary() })],
    ['glove', each(text('words.glove', lines(' ')))],
    ['csv', each(text('columns.csv', `key,a,b,c,d\n${lines(',')}\n`), text('list.csv', list))],
    ['tsv', each(text('columns.tsv', `key\ta\tb\tc\td\n${lines('\t')}\n`))],
    ['projector', [projector('numbers'), projector('texts')]],
    // A SavedModel's variables are a checkpoint.
    ['checkpoint', [await checkpoint('checkpoint'), await checkpoint('variables')]],
    [
      'sidecar',
      each(
        ours('texts.keys.json'),
        text('ids.txt', keys.join('\n')),
        text('ids.csv', `id,title\n${table.replaceAll('\t', ',')}`),
        text('metadata.tsv', `id\ttitle\n${table}`),
        ours('numbers.parquet'),
        await fixture('seeds', 'keys.npy'),
      ),
    ],
  ])
}
