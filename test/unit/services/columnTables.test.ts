import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mockTable, openVectorFile, writeNpy } from '../../../src-main/embeddings'
import { type Services } from '../../../src-main/services/compose'
import { makeServices, waitForJob } from './support'

/** A column with a second table beside the sample's own: each is written by its name. */

const [rows, width] = [1681, 12]
let folder: string
let services: Services
let images: string
const imageRows = mockTable(rows, width, 3)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-column-tables-'))
  services = makeServices(join(folder, 'home'))
  const { client, bench } = services
  await waitForJob(services, () =>
    client.project.create({ path: join(folder, 'p'), sample: 'movielens-100k' }),
  )
  const path = join(folder, 'images.npy')
  await writeNpy(path, imageRows, width)
  const job = await waitForJob(services, () =>
    client.embeddings.attach({
      column: 'movieId',
      path,
      array: null,
      byPosition: true,
      frozen: true,
      add: true,
    }),
  )
  expect(job).toMatchObject({ state: 'done' })
  images = bench.requireSession().document.tables.find((table) => table.width === width)?.id ?? ''
})
afterAll(async () => {
  await services.bench.close()
  await rm(folder, { recursive: true, force: true })
})

async function exported(table: string | null, name: string): Promise<number[]> {
  const path = join(folder, name)
  const job = await waitForJob(services, () =>
    services.client.embeddings.exportTable({ column: 'movieId', table, path }),
  )
  expect(job).toMatchObject({ state: 'done' })
  const file = await openVectorFile(path)
  try {
    const array = file.arrays.find(({ problem }) => problem === null)
    if (!array) throw new Error(`${path} has no usable array`)
    const values: number[] = []
    for await (const block of file.read(array.name)) for (const value of block.rows) values.push(value)
    return values
  } finally {
    await file.close()
  }
}

it('writes the table that is named, and the first where none is', async () => {
  const found = await exported(images, 'images.npz')
  expect(found).toEqual([...imageRows.subarray(width)])
  const first = await exported(null, 'first.npz')
  expect(first.length).toBe((rows - 1) * 128)
  expect(await exported('movieId', 'named.npz')).toEqual(first)
})

it('names the tables that there are where the column has no such one', async () => {
  const job = await waitForJob(services, () =>
    services.client.embeddings.exportTable({
      column: 'movieId',
      table: 'userId',
      path: join(folder, 'x.npz'),
    }),
  )
  expect(job).toMatchObject({
    state: 'failed',
    error: { code: 'not-found', hint: `Its tables are: movieId, ${images}.` },
  })
})

it('says of a file that exists how to replace it, for window and command line', async () => {
  const job = await waitForJob(services, () =>
    services.client.embeddings.exportTable({
      column: 'movieId',
      table: images,
      path: join(folder, 'images.npz'),
    }),
  )
  expect(job).toMatchObject({ state: 'failed', error: { code: 'already-exists' } })
  expect(job.error?.hint).toMatch(/may be replaced .*command line: --force/)
})
