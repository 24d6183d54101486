import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goTo } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

describe('the schema, by keyboard', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('served')
    await goTo(bench.page, 'schema')
  })
  afterAll(() => bench?.close())

  const cell = (column: string, field: string): string =>
    `[data-testid=schema-row-${column}] [data-field=${field}]`

  it('sets a width, which the model follows at once', async () => {
    const { page } = bench
    await page.locator(cell('userId', 'width')).click()
    await page.keyboard.press('Enter')
    await page.keyboard.type('24')
    await page.keyboard.press('Enter')
    await page.locator(cell('userId', 'width')).getByText('user').waitFor()
    await goTo(page, 'model')
    await page.getByText('194', { exact: true }).waitFor()
    await goTo(page, 'schema')
  })

  it('sets a role from a list and takes it back', async () => {
    const { page } = bench
    await page.locator(cell('genres', 'role')).click()
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'feature' }).waitFor()
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.locator(cell('genres', 'role')).getByText('ignored').waitFor()
    await page.keyboard.press('Control+z')
    await page.locator(cell('genres', 'role')).getByText('feature').waitFor()
  })

  it('adds a tag to several columns in one step', async () => {
    const { page } = bench
    for (const column of ['age', 'gender']) await page.getByLabel(`Choose ${column}`, { exact: true }).check()
    await page.getByTestId('bulk-bar').getByText('Edit tags…').click()
    await page.getByTestId('tag-picker').getByText('context', { exact: true }).click()
    for (const column of ['age', 'gender'])
      await page.locator(cell(column, 'tags')).getByText('context').waitFor()
  })

  it('shows a problem where it is, and leads to it', async () => {
    const { page } = bench
    await page.getByTestId('bulk-bar').getByText('Choose none').click()
    for (const target of ['rating', 'rating_binary'])
      await page.getByLabel(`Choose ${target}`, { exact: true }).check()
    await page.locator(cell('rating_binary', 'role')).click()
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'ignored' }).click()
    await page.getByTestId('status').getByText('1 problem').click()
    await page.getByTestId('problems').waitFor()
    await goTo(page, 'train')
    expect(await page.getByTestId('start').isDisabled()).toBe(true)
    await page.keyboard.press('Control+z')
    await page.getByTestId('status').getByText('schema ✓').waitFor()
  })

  it('goes to a table by its name', async () => {
    const { page } = bench
    await page.keyboard.press('Control+k')
    await page.getByTestId('palette').waitFor()
    await page.keyboard.type('zip table')
    await page.keyboard.press('Enter')
    await page.getByTestId('table-inspector').getByText('zip_code').waitFor()
    await page.getByTestId('palette').waitFor({ state: 'detached' })
  })

  it('saved the document and the schema beside it', async () => {
    const { project, complaints } = bench
    await expect.poll(() => readFileSync(join(project, 'graft.json'), 'utf8')).toContain('"userId": 24')
    expect(readFileSync(join(project, 'schema.pbtxt'), 'utf8')).toContain('context')
    expect(complaints).toEqual([])
  })
})
