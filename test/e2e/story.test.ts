import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choose, dropFile, goTo, trainEpochs } from './support/steps'
import { writeNpy } from './support/vectors'
import { openWorkbench, type Kind, type Workbench } from './support/workbench'

const kinds: Kind[] = ['electron', 'served']

describe.each(kinds)('from a dropped file to an exported model, %s', (kind) => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench(kind)
  })
  afterAll(() => bench?.close())

  it('shows the sample and its 100,000 rows', async () => {
    const { page } = bench
    await page.getByTestId('status').getByText('100,000 rows').waitFor()
    await page.evaluate(`document.querySelector('[data-testid=rows]').scrollTo(0, 1e9)`)
    await page.getByRole('rowheader', { name: '99,999' }).waitFor()
  })

  it('detaches the table of movieId', async () => {
    const { page } = bench
    await goTo(page, 'embeddings')
    await page.getByTestId('detach-movieId').click()
    await page.locator('[data-testid=lock-movieId][data-state=random]').waitFor()
    expect(await page.getByTestId('status').innerText()).toContain('6 tables')
  })

  it('refuses a file that is not what it claims to be, in words, and changes nothing', async () => {
    const { page, scratch, project } = bench
    const read = (): string => readFileSync(join(project, 'graft.json'), 'utf8')
    await expect.poll(read).toContain('"tables": []') // the detached table has been saved
    const before = read()
    const file = join(scratch, 'broken.npy')
    writeFileSync(file, 'not numpy')
    await dropFile(page, file)
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toContain('broken.npy')
    await page.keyboard.press('Escape')
    await alert.waitFor({ state: 'detached' })
    const short = join(scratch, 'short.npy')
    writeNpy(short, 12, 4)
    await dropFile(page, short)
    await page.getByText('No column has a table of 12 rows.').waitFor()
    expect(await page.getByTestId('attach-submit').isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByTestId('attach-sheet').waitFor({ state: 'detached' })
    expect(read()).toBe(before)
  })

  it('takes a dropped .npy, says what will happen and attaches it to movieId', async () => {
    const { page, scratch } = bench
    const file = join(scratch, 'plots.npy')
    writeNpy(file, 1681, 64)
    expect(await dropFile(page, file)).toContain('.npy')
    await page.getByTestId('attach-sheet').waitFor()
    await choose(page, 'attach-column', 'movieId')
    await page.getByText('Trainable: training starts').click()
    await page.getByTestId('attach-submit').click()
    await page.locator('[data-testid=lock-movieId][data-state=open]').waitFor()
    expect(await page.getByTestId('table-movieId').innerText()).toContain('1,681 × 64')
  })

  it('locks the table', async () => {
    const { page } = bench
    await page.getByTestId('lock-movieId').click()
    await page.locator('[data-testid=lock-movieId][data-state=closed]').waitFor()
  })

  it('trains and shows five epochs in the charts as they end', async () => {
    const { page } = bench
    await trainEpochs(page, 5)
    await page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
    expect(await page.getByTestId('epochs').locator('tbody tr').count()).toBe(5)
    const loss = await page.getByTestId('epochs').locator('tbody tr').last().locator('td').nth(1).innerText()
    expect(Number(loss)).toBeCloseTo(0.693, 2)
  })

  it('proves that the locked table did not change', async () => {
    const { page } = bench
    await goTo(page, 'embeddings')
    await page.locator('[data-testid=lock-movieId][data-state=proved]').waitFor()
  })

  it('exports a model folder that is where the window says', async () => {
    const { page, project } = bench
    await goTo(page, 'export')
    await page.getByTestId('export').click()
    const result = page.getByTestId('export-result')
    await result.waitFor({ timeout: 120_000 })
    expect(await result.innerText()).toContain('predicts 100 rows')
    const folder = (await result.getAttribute('data-path')) ?? ''
    expect(folder.startsWith(project)).toBe(true)
    for (const name of ['saved_model.pb', 'schema.pbtxt', 'training.json', 'predict.py'])
      expect(existsSync(join(folder, name)), name).toBe(true)
    const tables = readdirSync(join(folder, 'embeddings'))
    expect(tables.filter((name) => /^movieId.*\.npy$/.test(name))).toHaveLength(1)
    const document: unknown = JSON.parse(readFileSync(join(project, 'graft.json'), 'utf8'))
    expect(document).toMatchObject({
      tables: [{ columns: ['movieId'], rows: 1681, width: 64, frozen: true }],
    })
  })

  it('takes edits back and makes them again', async () => {
    const { page } = bench
    await goTo(page, 'embeddings')
    await page.getByTestId('table-movieId').click()
    await page.keyboard.press('Control+z')
    await page.locator('[data-testid=lock-movieId][data-state=open]').waitFor()
    await page.keyboard.press('Control+Shift+z')
    await page.locator('[data-testid=lock-movieId][data-state=proved]').waitFor()
  })

  it('wrote no error to the console', () => {
    expect(bench.complaints).toEqual([])
  })
})
