import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { longestTask } from './support/longTasks'
import { findId, lasso, openMap, selected, untilDrawn } from './support/map'
import { choose } from './support/steps'
import { writeNpy } from './support/vectors'
import { openWorkbench, type Graft, type Workbench } from './support/workbench'

const ids = 100_000
const width = 32
const kinds = ['red', 'green', 'blue', 'black', 'white']
const folder = resolve(__dirname, '..', '..', 'test-results', 'window')

/** Uniform on [0, 1), the same for the same number. */
const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453
  return value - Math.floor(value)
}

/** 100,000 items of 40 clusters, each with a title and a colour, in one row of data. */
function makeLarge(project: string, graft: Graft): void {
  const scratch = dirname(project)
  const lines = ['item,title,colour,rating']
  for (let id = 0; id < ids; id++)
    lines.push(`i${id},Title of ${id},${kinds[(id % 40) % kinds.length]},${(id * 7) % 5}`)
  writeFileSync(join(scratch, 'items.csv'), `${lines.join('\n')}\n`)
  writeNpy(join(scratch, 'items.npy'), ids, width, (row, column) => {
    const centre = noise((row % 40) * width + column + 1) - 0.5
    return centre + 0.35 * (noise(row * width + column) + noise(row * 31 + column * 17) - 1)
  })
  writeFileSync(join(scratch, 'ids.txt'), Array.from({ length: ids }, (_, id) => `i${id}`).join('\n'))
  graft('new', project)
  graft('import', project, join(scratch, 'items.csv'), '--target', 'rating>2')
  const file = join(scratch, 'items.npy')
  graft('attach', project, '--column', 'item', '--file', file, '--ids', join(scratch, 'ids.txt'))
}

describe('a map of 100,000 × 32', () => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    bench = await openWorkbench('served', makeLarge)
  })
  afterAll(() => bench?.close())

  /** Longest tasks by what was done, in milliseconds of processor time. */
  const figures: Record<string, number[]> = {}
  const median = (name: string): number => {
    const sorted = [...(figures[name] ?? [])].sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)] ?? 0
  }

  it('opens, zooms, tells of points and selects them, and no task of the window is long', async () => {
    const { page } = bench
    await page.getByTestId('step-embeddings').click()
    await openMap(page, 'item')
    const measure = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const longest = await longestTask(page, work)
      const own = (figures[name] ??= [])
      own.push(longest)
    }
    const box = await page.getByTestId('map-canvas').boundingBox()
    if (!box) throw new Error('There is no map.')
    for (let round = 0; round < 3; round++) {
      // A new window has to fetch and to index the points again.
      await page.reload()
      await page.waitForSelector('[data-line=connected]')
      await page.getByTestId('step-embeddings').click()
      await page.getByTestId('map-item').waitFor()
      await page.waitForTimeout(500)
      await measure('open', () => openMap(page, 'item'))
      await measure('hover', async () => {
        for (let i = 0; i < 40; i++)
          await page.mouse.move(box.x + box.width * (0.2 + 0.015 * i), box.y + box.height * (0.3 + 0.01 * i))
      })
      await measure('zoom and pan', async () => {
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
        for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -120)
        await page.mouse.down()
        await page.mouse.move(box.x + box.width / 3, box.y + box.height / 3, { steps: 20 })
        await page.mouse.up()
        await page.keyboard.press('0')
        await untilDrawn(page)
      })
      await measure('lasso', async () => {
        await lasso(page, [
          [0.2, 0.2],
          [0.8, 0.25],
          [0.7, 0.8],
          [0.25, 0.7],
        ])
        expect(await selected(page)).toBeGreaterThan(1000)
        await page.getByRole('button', { name: 'Clear' }).click()
      })
      await measure('colour', async () => {
        await choose(page, 'map-color', round % 2 === 0 ? 'Norm of the row' : /^colour$/)
        await untilDrawn(page)
      })
    }
    for (const name of Object.keys(figures))
      console.log(`longest task, ${name}: ${(figures[name] ?? []).map((ms) => Math.round(ms)).join(', ')} ms`)
    for (const name of Object.keys(figures)) expect(median(name), name).toBeLessThanOrEqual(50)
  })

  it('finds ids by their title', async () => {
    const { page } = bench
    await findId(page, 'title of 4242')
    await page.getByTestId('id-panel').getByText('Title of 4242', { exact: true }).waitFor()
    await page.screenshot({ path: join(folder, 'map-large-served.png') })
    expect(await page.getByTestId('id-panel').innerText()).toContain('i4242')
  })

  it('is laid out by UMAP in another process, told with its progress, while the window stays free', async () => {
    const { page } = bench
    const longest = await longestTask(page, async () => {
      await page.getByText('UMAP', { exact: true }).click()
      await page.getByTestId('map-progress').getByText('Laying out').waitFor({ timeout: 120_000 })
      await page.mouse.wheel(0, -120)
      await page.waitForTimeout(2000)
    })
    console.log(`longest task while UMAP runs: ${longest.toFixed(0)} ms`)
    expect(longest).toBeLessThanOrEqual(50)
    await page.getByTestId('map-cancel').click()
    await page.getByText('The map was not finished.').waitFor()
  })

  it('wrote no error to the console', () => {
    expect(bench.complaints).toEqual([])
  })
})
