import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findId, lasso, mapName, openMap, selected, untilDrawn } from './support/map'
import { nameless } from './support/names'
import { choose, goTo, trainEpochs } from './support/steps'
import { openWorkbench, type Kind, type Workbench } from './support/workbench'

const kinds: Kind[] = ['electron', 'served']
const folder = resolve(__dirname, '..', '..', 'test-results', 'window')

describe.each(kinds)('the map of a table, %s', (kind) => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    bench = await openWorkbench(kind)
  })
  afterAll(() => bench?.close())
  const shoot = (name: string): Promise<unknown> =>
    bench.page.screenshot({ path: join(folder, `map-${name}-${kind}.png`) })

  it('says of a table that starts at random that there is nothing to see yet', async () => {
    const { page } = bench
    await goTo(page, 'embeddings')
    await page.getByTestId('map-userId').click()
    await page.getByText('No rows to see yet').waitFor()
    await page.getByTestId('map-close').click()
  })

  it('shows an attached table by PCA at once', async () => {
    const { page } = bench
    await openMap(page, 'movieId')
    await page.getByText('1,680 ids').waitFor()
    await page.getByText(/Component 1: .* of variance/).waitFor()
    await shoot('pca')
  })

  it('makes a map by UMAP with progress, can be cancelled, and finds it again at once', async () => {
    const { page } = bench
    const pca = await mapName(page)
    await page.getByTestId('map-stage').waitFor()
    await page.getByText('UMAP', { exact: true }).click()
    await page.getByTestId('map-progress').waitFor()
    await page.getByTestId('map-cancel').click()
    await page.getByText('The map was not finished.').waitFor()
    expect(await mapName(page)).toBe(pca)
    await page.getByRole('button', { name: 'Make it' }).click()
    await expect.poll(() => mapName(page), { timeout: 120_000 }).not.toBe(pca)
    await untilDrawn(page)
    const umap = await mapName(page)
    await shoot('umap')
    await page.getByText('PCA', { exact: true }).click()
    await expect.poll(() => mapName(page)).toBe(pca)
    await page.getByText('UMAP', { exact: true }).click()
    await expect.poll(() => mapName(page)).toBe(umap)
    expect(await page.getByTestId('map-progress').count()).toBe(0)
    await page.getByText('PCA', { exact: true }).click()
  })

  it('finds an id and shows its row, count and nearest ids', async () => {
    const { page } = bench
    await findId(page, '1234')
    const panel = page.locator('[data-testid=id-panel][data-row="1234"]')
    await panel.waitFor()
    const text = await panel.innerText()
    expect(text).toContain('Row of the table')
    expect(text).toContain('Nearest ids')
    expect(await panel.locator('.neighbors li').count()).toBe(12)
    await panel.locator('.neighbors li button').first().click()
    await expect.poll(() => page.getByTestId('id-panel').getAttribute('data-row')).not.toBe('1234')
  })

  it('selects ids by a lasso and by a category, says how many, and lets go of them', async () => {
    const { page } = bench
    await lasso(page, [
      [0.35, 0.3],
      [0.65, 0.3],
      [0.65, 0.7],
      [0.35, 0.7],
    ])
    const some = await selected(page)
    expect(some).toBeGreaterThan(10)
    expect(some).toBeLessThan(1680)
    await shoot('lasso')
    await lasso(page, [
      [0.001, 0.001],
      [0.999, 0.001],
      [0.999, 0.999],
      [0.001, 0.999],
    ])
    await expect.poll(() => selected(page)).toBe(1680)
    await choose(page, 'map-color', 'genres')
    await page.getByTestId('map-legend').locator('li button').first().click()
    await expect.poll(() => selected(page)).toBeLessThan(400)
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByText('Draw around points to select them').waitFor()
  })

  it('tells what is under the pointer, and follows the keyboard', async () => {
    const { page } = bench
    const canvas = page.getByTestId('map-canvas')
    const box = await canvas.boundingBox()
    if (!box) throw new Error('There is no map.')
    const tip = page.getByTestId('map-tip')
    await expect
      .poll(async () => {
        const [x, y] = [0.3 + 0.4 * Math.random(), 0.3 + 0.4 * Math.random()]
        await page.mouse.move(box.x + x * box.width, box.y + y * box.height)
        // What stands there is asked of main.
        await page.waitForTimeout(250)
        return (await tip.isVisible()) && (await tip.innerText())
      })
      .toMatch(/\d/)
    await canvas.focus()
    for (const key of ['+', '+', 'ArrowLeft', 'ArrowUp', 'Enter']) await page.keyboard.press(key)
    await page.getByTestId('id-panel').waitFor()
    await page.keyboard.press('0')
    await untilDrawn(page)
  })

  it('shows a learnt table before and after training: both maps, neighbours, drift', async () => {
    const { page } = bench
    await trainEpochs(page, 5)
    await page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
    await openMap(page, 'userId')
    const after = await mapName(page)
    await findId(page, '405')
    await page.getByTestId('neighbors-pair').waitFor({ timeout: 60_000 })
    await shoot('neighbors')
    await page.getByText('Drift', { exact: true }).click()
    const drift = page.getByTestId('drift-panel')
    await drift.locator('tbody tr').first().waitFor()
    expect(await drift.locator('tbody tr').count()).toBe(100)
    await shoot('drift')
    await choose(page, 'map-version', /^Before run/)
    await expect.poll(() => mapName(page), { timeout: 60_000 }).not.toBe(after)
    await choose(page, 'map-color', 'How far training moved it')
    await page.getByTestId('map-legend').getByText('How far training moved it').waitFor()
    await shoot('before')
  })

  it('fits the window in both themes, large and small, and everything in it has a name', async () => {
    const { page } = bench
    if (kind === 'electron') return
    await choose(page, 'map-version', /^After run/)
    await choose(page, 'map-color', 'gender')
    await page.getByText('Id', { exact: true }).click()
    for (const theme of ['light', 'dark'] as const)
      for (const [width, height] of [
        [1280, 800],
        [900, 700],
      ] as const) {
        await page.emulateMedia({ colorScheme: theme })
        await page.setViewportSize({ width, height })
        await page.waitForTimeout(600)
        await untilDrawn(page)
        await shoot(`${theme}-${width}`)
        const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
        expect(overflow).toBeLessThanOrEqual(0)
        expect(await page.evaluate(nameless)).toEqual([])
      }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('says of a frozen table that training moved nothing', async () => {
    const { page } = bench
    await openMap(page, 'movieId')
    await page.getByText('Drift', { exact: true }).click()
    await page.getByText('left every row as it was, byte for byte').waitFor()
  })

  it('wrote no error to the console', () => {
    expect(bench.complaints).toEqual([])
  })
})
