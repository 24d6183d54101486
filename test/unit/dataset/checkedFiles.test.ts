import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DatasetStore, importEncoded, writeParquet, type ColumnData } from '../../../src-main/dataset'
import { checkOnce } from '../../../src-main/dataset/checkedFiles'
import { intDomain, makeColumn, type Schema } from '../../../src-main/schema'
import { temporaryFolder } from './folder'

const folder = temporaryFolder()
const schemaUpTo = (max: number): Schema => ({
  columns: [
    makeColumn('user', 'int32', { tags: ['categorical'], domain: intDomain('user', max) }),
    makeColumn('label', 'int32', { tags: ['binary_classification', 'target'] }),
  ],
  rest: {},
})
const columns = (first: number): ColumnData[] => [
  { name: 'user', dtype: 'int32', values: Int32Array.from({ length: 100 }, (_, i) => first + (i % 11)) },
  { name: 'label', dtype: 'int32', values: Int32Array.from({ length: 100 }, (_, i) => i % 2) },
]

test('files stay files, and each column is looked at once for what is asked of it, until the file changes', async () => {
  const project = join(folder, 'project')
  const files = [join(folder, 'a.parquet'), join(folder, 'b.parquet')]
  for (const file of files) await writeParquet(file, columns(0))
  await importEncoded({ project, schema: schemaUpTo(10), sources: { kind: 'parts', train: files } })
  const store = new DatasetStore(project)
  const parts = await store.files('train')
  expect(parts).toHaveLength(2)
  const check = async (schema: Schema) => checkOnce(await store.duck(), project, 'train', parts, schema)
  const notes = join(project, 'dataset', '.checks.json')

  // What the import found is known: nothing is written anew.
  const known = await readFile(notes, 'utf8')
  await check(schemaUpTo(10))
  expect(await readFile(notes, 'utf8')).toBe(known)
  // A smaller domain asks for more, and is looked at.
  await expect(check(schemaUpTo(9))).rejects.toMatchObject({ code: 'invalid-data', details: { row: 10 } })
  expect(await readFile(notes, 'utf8')).toBe(known)
  await check(schemaUpTo(12))
  expect(await readFile(notes, 'utf8')).not.toBe(known)
  // Notes that cannot be read are none.
  await writeFile(notes, '{')
  await check(schemaUpTo(12))
  // A file that was changed is looked at again.
  await writeParquet(parts[1] ?? '', columns(5))
  await expect(check(schemaUpTo(12))).rejects.toMatchObject({ code: 'invalid-data' })
  await store.close()
})
