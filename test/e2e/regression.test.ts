import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { nameless } from './support/names'
import { choose, goTo, trainEpochs } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

const folder = resolve(__dirname, '..', '..', 'test-results', 'window')

let bench: Workbench
beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  bench = await openWorkbench('served')
})
afterAll(() => bench?.close())

it('learns a target that is a number, and speaks of errors instead of classes', async () => {
  const { page } = bench
  await goTo(page, 'train')
  await choose(page, 'target', /^rating$/)
  await trainEpochs(page, 5)
  await page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    for (const view of ['model', 'train', 'runs', 'export']) {
      await goTo(page, view)
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(folder, `regression-${view}-${theme}.png`) })
      expect(await page.evaluate(nameless), `${view} has nameless controls`).toEqual([])
      expect(await page.locator('main').innerText(), view).not.toContain('AUC')
    }
  }
  await goTo(page, 'train')
  await page.getByTestId('epochs').getByText('RMSE').first().waitFor()
  expect(bench.complaints).toEqual([])
})
