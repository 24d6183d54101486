import { describe, expect, it } from 'vitest'
import { groupDropped } from '../../src-renderer/stores/dropGroups'

const parted = (...names: string[]): unknown =>
  groupDropped(names.map((name) => ({ name }))).map(({ main, beside, keys }) => [
    main.name,
    ...beside.map(({ name }) => `beside ${name}`),
    ...(keys ? [`keys ${keys.name}`] : []),
  ])

describe('files dropped together', () => {
  it.each([
    [['vectors.npy', 'ids.txt'], [['vectors.npy', 'keys ids.txt']]],
    [['ids.json', 'vectors.npy'], [['vectors.npy', 'keys ids.json']]],
    [['movies.npy', 'movies.keys.json'], [['movies.npy', 'keys movies.keys.json']]],
    [['movies.npy', 'movies.txt'], [['movies.npy', 'keys movies.txt']]],
    [['embeddings.parquet', 'movie_ids.parquet'], [['embeddings.parquet', 'keys movie_ids.parquet']]],
    [['table.safetensors', 'labels.csv'], [['table.safetensors', 'keys labels.csv']]],
    [['ids.npy', 'vectors.npy'], [['vectors.npy', 'keys ids.npy']]],
    [['tensors.tsv', 'metadata.tsv'], [['tensors.tsv', 'beside metadata.tsv']]],
    [['words_metadata.tsv', 'words_tensors.tsv'], [['words_tensors.tsv', 'beside words_metadata.tsv']]],
    [
      ['model.index', 'model.data-00000-of-00001', 'ids.txt'],
      [['model.index', 'beside model.data-00000-of-00001', 'keys ids.txt']],
    ],
    [
      ['text.npy', 'image.npy', 'text_ids.txt', 'image_ids.txt'],
      [
        ['text.npy', 'keys text_ids.txt'],
        ['image.npy', 'keys image_ids.txt'],
      ],
    ],
  ])('%j: keys and metadata go with their vectors', (names, groups) => {
    expect(parted(...names)).toEqual(groups)
  })

  it.each([
    [['ratings.csv', 'movies.csv']],
    [['text.npy', 'image.npy']],
    [['text.npy', 'image.npy', 'ids.txt']],
    [['ids.txt']],
    [['metadata.tsv', 'ratings.tsv']],
    [['vectors.npy', 'schema.json']],
    [['glove.txt', 'movies.npy']],
  ])('%j: each is for itself', (names) => {
    expect(parted(...names)).toEqual(names.map((name) => [name]))
  })
})
