import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { trainersOf } from './support/processes'
import { goTo, setSetting, trainEpochs, waitForEpochs } from './support/steps'
import { openWorkbench, type Kind, type Workbench } from './support/workbench'

const kinds: Kind[] = ['electron', 'served']

describe.each(kinds)('a trainer that is killed, %s', (kind) => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench(kind)
  })
  afterAll(() => bench?.close())

  it('costs the run and nothing else: the window says so, the metrics stay, a new run starts', async () => {
    const { page, pid, project } = bench
    await goTo(page, 'train')
    await setSetting(page, 'epochs', '500')
    await trainEpochs(page, 2)
    const trainers = trainersOf(pid)
    expect(trainers.length).toBeGreaterThan(0)
    for (const trainer of trainers) process.kill(trainer, 'SIGKILL')

    const outcome = page.locator('[data-testid=outcome][data-status=crashed]')
    await outcome.waitFor({ timeout: 30_000 })
    expect(await outcome.getByRole('alert').innerText()).toMatch(/trainer|process|ended|killed/i)
    expect(await page.getByTestId('epochs').locator('tbody tr').count()).toBeGreaterThanOrEqual(2)

    await goTo(page, 'runs')
    const crashed = page.locator('tr[data-status=crashed]')
    await crashed.waitFor()
    const run = (await crashed.locator('td').nth(1).innerText()).trim()
    const metrics = readFileSync(join(project, 'runs', run, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(metrics.length).toBeGreaterThan(100)
    const record: unknown = JSON.parse(readFileSync(join(project, 'runs', run, 'run.json'), 'utf8'))
    expect(record).toMatchObject({ status: 'crashed' })

    await goTo(page, 'train')
    await setSetting(page, 'epochs', '2')
    await page.getByTestId('start').click()
    await waitForEpochs(page, 2)
    await page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
  })
})

describe('stop and keep', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('served')
  })
  afterAll(() => bench?.close())

  it('ends the run early and lets it be exported', async () => {
    const { page } = bench
    await goTo(page, 'train')
    await setSetting(page, 'epochs', '500')
    await trainEpochs(page, 1)
    await page.getByTestId('stop').click()
    const outcome = page.locator('[data-testid=outcome][data-status=stopped]')
    await outcome.waitFor({ timeout: 60_000 })
    await outcome.getByRole('button', { name: 'Export model' }).click()
    await page.getByTestId('export-files').getByText('saved_model.pb').waitFor()
  })
})
