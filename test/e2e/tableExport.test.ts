import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVectorFile } from '../../src-main/embeddings'
import { nameless } from './support/names'
import { goTo } from './support/steps'
import { writeNpy } from './support/vectors'
import { openWorkbench, type Workbench } from './support/workbench'

const shots = resolve(__dirname, '..', '..', 'test-results', 'table-export')

describe('exporting a table from the window', () => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true })
    bench = await openWorkbench('served')
  })
  afterAll(() => bench?.close())

  it('writes the attached rows with their keys, and replaces a file only where that is wished', async () => {
    const { page, project } = bench
    await goTo(page, 'embeddings')
    const form = page.getByTestId('table-export')
    const path = form.getByLabel('File to write')
    const column = await page.getByTestId('table-inspector').locator('h2').innerText()
    expect(await path.inputValue()).toBe(join(project, `${column}.npz`))
    await form.getByTestId('table-export-format').click()
    await page.getByText('Parquet', { exact: true }).click()
    const file = join(project, `${column}.parquet`)
    expect(await path.inputValue()).toBe(file)
    await form.getByTestId('table-export-write').click()
    await form.getByText('Wrote').waitFor()
    const opened = await openVectorFile(file)
    expect(opened.arrays[0]).toMatchObject({ keyed: true, problem: null })
    await opened.close()

    await form.getByTestId('table-export-write').click()
    await form.getByText('exists already').waitFor()
    expect(await form.getByTestId('table-export-write').isDisabled()).toBe(true)
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await form.scrollIntoViewIfNeeded()
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(shots, `${theme}.png`) })
    }
    await form.getByRole('checkbox').click()
    await form.getByTestId('table-export-write').click()
    await form.getByText('Wrote').waitFor()
    expect(await page.evaluate(nameless)).toEqual([])
    expect(bench.complaints).toEqual([])
  })
})

describe('a column with two tables', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('served', (project, graft) => {
      graft('new', project, '--sample', 'movielens-100k')
      const file = join(dirname(project), 'images.npy')
      writeNpy(file, 1681, 12)
      graft('attach', project, '--column', 'movieId', '--file', file, '--add')
    })
  })
  afterAll(() => bench?.close())

  it('offers to write each of them, and does not offer to sum different widths', async () => {
    const { page, project } = bench
    await goTo(page, 'embeddings')
    await page.getByTestId('table-movieId-2').click()
    expect(await page.getByTestId('combine-movieId').locator('input[value=sum]').isDisabled()).toBe(true)
    await page.getByText('movieId has 128, movieId-2 has 12').waitFor()
    await page.getByTestId('table-use').scrollIntoViewIfNeeded()
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(shots, `two-${theme}.png`) })
    }
    const form = page.getByTestId('table-export')
    const file = join(project, 'movieId-2.npz')
    expect(await form.getByLabel('File to write').inputValue()).toBe(file)
    await form.getByTestId('table-export-write').click()
    await form.getByText('Wrote').waitFor()
    const opened = await openVectorFile(file)
    expect(opened.arrays.find(({ problem }) => problem === null)?.shape).toEqual([1680, 12])
    await opened.close()
    expect(bench.complaints).toEqual([])
  })
})
