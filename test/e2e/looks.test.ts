import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nameless } from './support/names'
import { goTo, trainEpochs } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

const views = ['data', 'schema', 'embeddings', 'model', 'train', 'runs', 'export']
const themes = ['light', 'dark'] as const
const sizes = [
  { width: 1440, height: 900 },
  { width: 1100, height: 700 },
]
const folder = resolve(__dirname, '..', '..', 'test-results', 'window')

describe('every view', () => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    bench = await openWorkbench('served')
    await trainEpochs(bench.page, 5)
    await bench.page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
  })
  afterAll(() => bench?.close())

  for (const theme of themes)
    for (const size of sizes)
      it(`fits ${size.width} × ${size.height} in the ${theme} theme, and everything in it has a name`, async () => {
        const { page } = bench
        await page.emulateMedia({ colorScheme: theme })
        await page.setViewportSize(size)
        for (const view of views) {
          await goTo(page, view)
          await page.waitForTimeout(500)
          await page.screenshot({ path: join(folder, `${view}-${theme}-${size.width}.png`) })
          const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
          expect(overflow, `${view} is wider than the window`).toBeLessThanOrEqual(0)
          expect(await page.evaluate(nameless), `${view} has nameless controls`).toEqual([])
        }
      })

  it('follows the theme of the system, and the choice of the person above it', async () => {
    const { page } = bench
    const theme = (): Promise<unknown> => page.evaluate('document.documentElement.dataset.theme')
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await theme()).toBe('dark')
    await page.getByTestId('theme').click()
    expect(await theme()).toBe('light')
    await page.getByTestId('theme').click()
    expect(await theme()).toBe('dark')
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await theme()).toBe('dark')
    await page.getByTestId('theme').click()
    expect(await theme()).toBe('light')
  })

  it('wrote no error to the console', () => {
    expect(bench.complaints).toEqual([])
  })
})
