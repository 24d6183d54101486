import { join } from 'node:path'
import { type Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeParquet } from '../../src-main/dataset'
import { partFolder } from '../../src-main/dataset/files'
import { emptyDocument } from '../../src-main/project/document'
import { ImportedSchemas } from '../../src-main/project/importedSchema'
import { Project } from '../../src-main/project/project'
import { intDomain, makeColumn } from '../../src-main/schema'
import { median, traceFrames, type FrameTimes } from './support/frames'
import { goTo } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

const width = 500
const repeats = 5

/** A project of 500 columns as an import leaves it: a target, ids and quantities. */
async function makeWideProject(path: string): Promise<void> {
  const rows = 200
  const columns = Array.from({ length: width }, (_, i) => {
    if (i === 0) return makeColumn('clicked', 'int32', { tags: ['target', 'binary_classification'] })
    return i % 2 === 0
      ? makeColumn(`amount_${i}`, 'float32', { tags: ['continuous'] })
      : makeColumn(`id_${i}`, 'int32', {
          tags: ['categorical', i % 3 === 0 ? 'user' : 'item'],
          domain: intDomain(`id_${i}`, rows, 0),
        })
  })
  const schema = { columns, rest: {} }
  const imported = await new ImportedSchemas(path).keep(schema, 'wide.csv')
  await writeParquet(
    join(partFolder(path, 'train'), 'part-00000.parquet'),
    columns.map(({ name, dtype }, i) =>
      dtype === 'float32'
        ? { name, dtype, values: Float32Array.from({ length: rows }, (_, row) => ((row * 31 + i) % 97) / 8) }
        : {
            name,
            dtype: 'int32',
            values: Int32Array.from({ length: rows }, (_, row) => (i === 0 ? row % 2 : row + 1)),
          },
    ),
  )
  const document = { ...emptyDocument('wide'), schema, imported, target: 'clicked' }
  await (await Project.create(path, document, { among: 'parts' })).close()
}

describe('a schema of 500 columns', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('served', makeWideProject)
    await goTo(bench.page, 'schema')
    await bench.page.getByTestId('schema-grid').waitFor()
  })
  afterAll(() => bench?.close())

  const rowsInDom = (): Promise<number> => bench.page.locator('[data-testid=schema-grid] [data-row]').count()
  const press = async (key: string, times = 1): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      await bench.page.keyboard.press(key)
      // The rate at which a key that is held repeats.
      await bench.page.waitForTimeout(33)
    }
  }
  const firstRow = (): Promise<string> =>
    bench.page.locator('[data-testid=schema-grid] [data-row]').first().innerText()

  /** The places on the screen and 8 more, however long the schema is. */
  async function expectBound(): Promise<void> {
    const height = await bench.page.getByTestId('schema-grid').evaluate((element) => element.clientHeight)
    expect(await rowsInDom()).toBeLessThanOrEqual(Math.ceil((height - 32) / 32) + 8)
  }

  it('has rows for what is in sight, wherever it is scrolled', async () => {
    const { page } = bench
    expect(await page.getByTestId('schema-grid').getAttribute('aria-rowcount')).toBe('501')
    await page.getByTestId('schema-grid').focus()
    await expectBound()
    await press('Control+End')
    await page.getByTestId('schema-row-id_499').waitFor()
    await expectBound()
    await press('Control+Home')
    await page.getByTestId('schema-row-clicked').waitFor()
    await expectBound()
  })

  it('scrolls and edits in short tasks, with little script in each frame', async () => {
    const { page } = bench
    const grid = page.getByTestId('schema-grid')
    const bounds = await grid.boundingBox()
    if (!bounds) throw new Error('The grid is not to be seen.')
    /** By the mouse alone: a locator's click runs scripts of its own in the page, which would be counted. */
    const click = async (place: Locator): Promise<void> => {
      await place.waitFor()
      const box = await place.boundingBox()
      if (!box) throw new Error('There is nothing to click.')
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    }
    const work: Record<string, () => Promise<void>> = {
      'the wheel': async () => {
        await page.mouse.move(bounds.x + 200, bounds.y + 200)
        for (let i = 0; i < 40; i += 1) {
          await page.mouse.wheel(0, i < 20 ? 180 : -180)
          await page.waitForTimeout(16)
        }
      },
      'page keys': async () => {
        await grid.focus()
        await press('Control+Home')
        await press('PageDown', 12)
        await press('ArrowDown', 20)
      },
      'a role': async () => {
        await grid.focus()
        await press('Control+Home')
        await press('ArrowDown')
        await press('Home')
        await press('Enter')
        await page.getByRole('option', { name: 'ignored' }).waitFor()
        await press('i')
        await press('Enter')
        await page.locator('[data-testid=schema-row-id_1].ignored').waitFor()
        await press('Control+z')
        await page.locator('[data-testid=schema-row-id_1]:not(.ignored)').waitFor()
      },
      'a tag for 500 columns': async () => {
        await grid.focus()
        await press('Control+a')
        await click(page.getByTestId('bulk-bar').getByText('Edit tags…'))
        await click(page.getByTestId('tag-picker').getByText('context', { exact: true }))
        await page.getByTestId('schema-row-id_1').getByText('context').waitFor()
        await press('Escape')
        await grid.focus()
        await press('Control+z')
        await page.getByTestId('schema-row-id_1').getByText('context').waitFor({ state: 'detached' })
        await press('Escape')
      },
    }
    const failures: string[] = []
    for (const [name, run] of Object.entries(work)) {
      await run()
      const times: FrameTimes[] = []
      for (let i = 0; i < repeats; i += 1) times.push(await traceFrames(page, run))
      await expectBound()
      const task = median(times.map(({ longestTask }) => longestTask))
      const script = median(times.map(({ scripts }) => Math.max(0, ...scripts)))
      const usual = median(times.flatMap(({ scripts }) => scripts))
      console.info(
        `${name}: longest task ${task.toFixed(1)} ms, script in the busiest frame ${script.toFixed(1)} ms, in the usual one ${usual.toFixed(2)} ms (medians of ${repeats}, processor time)`,
      )
      if (task > 50) failures.push(`${name}: a task of ${task} ms`)
      if (script > 8) failures.push(`${name}: ${script} ms of script in a frame`)
    }
    expect(failures).toEqual([])
  })

  it('gives a tag to all of them as one step of undo', async () => {
    const { page } = bench
    await page.getByTestId('schema-grid').focus()
    await press('Control+a')
    await page.getByTestId('bulk-bar').getByText('500 columns').waitFor()
    await page.getByTestId('bulk-bar').getByText('Edit tags…').click()
    await page.getByTestId('tag-picker').getByText('session', { exact: true }).click()
    await page.getByTestId('only-changed').getByText('500').waitFor()
    await press('Escape')
    await page.getByTestId('schema-grid').focus()
    await press('Control+z')
    await page.getByTestId('only-changed').getByText('0', { exact: true }).waitFor()
  })

  it('sorts, filters and keeps rows where they are while they are edited', async () => {
    const { page } = bench
    await page.getByRole('columnheader', { name: 'Column' }).getByRole('button').click()
    expect(await firstRow()).toContain('amount_2')
    await page.getByPlaceholder('Filter columns').fill('id_21')
    await expect.poll(rowsInDom).toBeLessThan(70)
    await page.getByTestId('schema-row-id_21').locator('[data-field=role]').click()
    await press('i')
    await press('Enter')
    await page.locator('[data-testid=schema-row-id_21].ignored').waitFor()
    expect(await firstRow()).toContain('id_21')
    await page.getByTestId('compare').click()
    await page.getByTestId('changes').getByText('id_21', { exact: true }).waitFor()
    await press('Escape')
    await page.getByTestId('changes').waitFor({ state: 'detached' })
    expect(bench.complaints).toEqual([])
  })
})
