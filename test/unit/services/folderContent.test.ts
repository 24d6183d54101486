import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lookAtFolder } from '../../../src-main/services/folderContent'

const fixtures = join(__dirname, '..', '..', 'fixtures')
const seeds = join(fixtures, 'vectors', 'seeds')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, content = 'user_id,age\nu1,31\nu2,47\n'): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

/** What is held, by paths relative to the folder. */
async function held(): Promise<[string, string | null][]> {
  const content = await lookAtFolder(folder)
  if (content.kind !== 'files') throw new Error(`it is taken for ${content.kind}`)
  return content.files.map(({ path, holds }) => [path.slice(folder.length + 1) || '.', holds])
}

describe('a folder is judged by what it holds', () => {
  it('a project, and what NVTabular preprocessed', async () => {
    const path = join(fixtures, 'merlin', 'ratings')
    expect(await lookAtFolder(path)).toEqual({ kind: 'merlin', path })
    write('graft.json', '{}')
    write('schema.pbtxt', '')
    write('rows.csv')
    expect(await lookAtFolder(folder)).toEqual({ kind: 'project', path: folder })
  })

  it('tables by themselves, the pieces of one table as one', async () => {
    write('ratings.csv')
    write('users.csv')
    write('.hidden.csv')
    expect(await held()).toEqual([
      ['ratings.csv', 'table'],
      ['users.csv', 'table'],
    ])
    rmSync(join(folder, 'users.csv'))
    write('ratings_2.csv')
    expect(await lookAtFolder(folder)).toMatchObject({ files: [{ path: folder, holds: 'table', bytes: 48 }] })
  })

  it('a partitioned folder as one table; folders called as parts by themselves', async () => {
    write('day=1/part-0.csv')
    write('day=2/part-0.csv')
    expect(await held()).toEqual([['.', 'table']])
    rmSync(folder, { recursive: true })
    write('train/0.csv')
    write('test/0.csv')
    expect(await held()).toEqual([
      ['test', 'table'],
      ['train', 'table'],
    ])
  })

  it('vectors by their content, with the keys and the metadata beside them', async () => {
    write('tensors.tsv', '0.5\t1\n0.25\t2\n')
    write('metadata.tsv', 'm1\nm2\n')
    cpSync(join(seeds, 'keys.npy'), join(folder, 'no-ending'))
    expect(await held()).toEqual([
      ['metadata.tsv', 'table'],
      ['no-ending', 'vectors'],
      ['tensors.tsv', 'vectors'],
    ])
  })

  it('anything else is refused, saying what was looked for', async () => {
    write('photo.png', '\u0089PNG')
    await expect(lookAtFolder(folder)).rejects.toMatchObject({
      code: 'unsupported-file',
      message: `${folder} holds nothing that Graft knows.`,
      hint: expect.stringContaining('graft.json') as string,
    })
    await expect(lookAtFolder(join(folder, 'photo.png'))).rejects.toMatchObject({ code: 'invalid-file' })
    await expect(lookAtFolder(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' })
  })
})
