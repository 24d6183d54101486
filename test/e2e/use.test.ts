import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { goTo, setSetting, waitForEpochs } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

/** How a table is used is set in the window, and locks are turned while a run trains. */

const folder = resolve(__dirname, '..', '..', 'test-results', 'window')
let bench: Workbench

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  bench = await openWorkbench('served')
})
afterAll(() => bench?.close())

async function look(name: string): Promise<void> {
  const { page } = bench
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(400)
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) })
  }
}

it('a table is projected, given a residual and dropout, and says so', async () => {
  const { page } = bench
  await goTo(page, 'embeddings')
  await page.getByTestId('table-movieId').click()
  await setSetting(page, 'projection.width', '32')
  await setSetting(page, 'dropout', '0.1')
  await page.getByTestId('setting-residual').getByRole('switch').click()
  const notes = page.getByTestId('table-movieId').getByTestId('use-notes')
  await notes.getByText('→ 32 · residual · dropout 0.1').waitFor()
  await page.getByTestId('table-use').scrollIntoViewIfNeeded()
  await look('use')
  await goTo(page, 'model')
  await page.getByText('Projection', { exact: true }).first().waitFor()
  await look('use-model')
})

it('a lock turned while a run trains is flagged on the charts, and the drift is drawn', async () => {
  const { page } = bench
  await goTo(page, 'train')
  await setSetting(page, 'epochs', '12')
  await page.getByTestId('start').click()
  await waitForEpochs(page, 2)
  const lock = page.getByTestId('run-lock-movieId')
  expect(await lock.getAttribute('aria-pressed')).toBe('true')
  await lock.click()
  await page.locator('[data-testid=run-lock-movieId][aria-pressed=false]').waitFor()
  await waitForEpochs(page, 5)
  await look('locks')
  const outcome = page.locator('[data-testid=outcome][data-status=completed]')
  await outcome.waitFor({ timeout: 120_000 })
  expect(await outcome.innerText()).toContain('movieId was unlocked in epoch')
  await page.getByTestId('show-drift').click()
  await look('drift')
})

it('wrote no error to the console', () => {
  expect(bench.complaints).toEqual([])
})
