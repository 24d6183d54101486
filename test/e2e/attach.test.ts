import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choose, dropFile, dropFiles, dropPath } from './support/steps'
import { writeNpy } from './support/vectors'
import { openWorkbench, type Kind, type Workbench } from './support/workbench'

const pictures = resolve(__dirname, '..', '..', 'test-results', 'window')
const movies = 1680
const width = 16

/** Vectors of movies 1 to 1642, in no order, keyed `0001`; with movies that the sample does not have, and repeated keys. */
function keyedCsv(): string {
  const row = (key: string, id: number): string =>
    [key, ...Array.from({ length: width }, (_, c) => (2 + Math.sin(id * (c + 1))).toFixed(4))].join(',')
  const known = Array.from({ length: 1642 }, (_, i) => 1 + ((i * 1009) % 1642))
  return [
    ['movie', ...Array.from({ length: width }, (_, c) => `v${c}`)].join(','),
    ...known.map((id) => row(String(id).padStart(4, '0'), id)),
    ...Array.from({ length: 50 }, (_, i) => row(String(2000 + i), 2000 + i)),
    ...Array.from({ length: 7 }, (_, i) => row(String(1 + i).padStart(4, '0'), 9)),
    '',
  ].join('\n')
}

const kinds: readonly Kind[] = ['electron', 'served']
describe.each(kinds)('keyed vectors dropped on the window (%s)', (kind) => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    bench = await openWorkbench(kind)
  })
  afterAll(() => bench?.close())

  it('are told from a table by their content, and can be taken as one all the same', async () => {
    const { page, scratch } = bench
    const file = join(scratch, 'plots.csv')
    writeFileSync(file, keyedCsv())
    await dropFile(page, file)
    await page.getByTestId('attach-sheet').waitFor()
    await page.getByTestId('attach-as-table').click()
    await page.getByTestId('import-sheet').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByTestId('import-sheet').waitFor({ state: 'detached' })
  })

  it('show what they would meet before anything is attached, and a rule is one click away', async () => {
    const { page, scratch } = bench
    await dropFile(page, join(scratch, 'plots.csv'))
    const report = page.getByTestId('attach-report')
    await report.getByText('643 of 1,680').waitFor()
    expect(await report.innerText()).toMatch(/7\s+Repeated keys/)
    await page.screenshot({ path: join(pictures, `attach-near-miss-${kind}.png`) })
    await page.getByTestId('rule-number').click()
    await report.getByText('1,642 of 1,680').waitFor()
    const text = await report.innerText()
    expect(text).toMatch(/97\.7.%/)
    expect(text).toMatch(/38\s+Ids without a vector, such as 1643, 1644, 1645/)
    expect(text).toMatch(/50\s+Keys that are no ids, 50 get rows of their own/)
    // All numbers lie around 2: the vectors point one way, and the report offers what helps.
    await page.getByTestId('apply-center').click()
    await page.getByTestId('apply-center').waitFor({ state: 'detached' })
    await report.and(page.locator('[aria-busy=false]')).waitFor()
    for (const theme of ['light', 'dark'] as const)
      for (const size of [
        { width: 1440, height: 900 },
        { width: 1100, height: 700 },
      ]) {
        await page.emulateMedia({ colorScheme: theme })
        await page.setViewportSize(size)
        await page.waitForTimeout(400)
        await page.screenshot({ path: join(pictures, `attach-${kind}-${theme}-${size.width}.png`) })
        const submit = await page.getByTestId('attach-submit').boundingBox()
        expect((submit?.y ?? 1e9) + (submit?.height ?? 0), 'the button is in sight').toBeLessThan(size.height)
      }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await page.getByTestId('attach-submit').innerText()).toBe('Attach vectors to movieId')
  })

  it('become the table of the column, new ids included', async () => {
    const { page } = bench
    await page.getByTestId('attach-submit').click()
    await page.getByTestId('attach-sheet').waitFor({ state: 'detached' })
    const card = page.getByTestId('table-movieId')
    await card.getByText(`${(movies + 1 + 50).toLocaleString('en-US')} × ${width}`).waitFor()
    expect(await card.innerText()).toMatch(/97\.7.%/)
    expect(bench.complaints).toEqual([])
  })

  it('bring the keys that were dropped with them, and the metadata of the Projector', async () => {
    const { page, scratch } = bench
    const ids = Array.from({ length: 900 }, (_, i) => 1 + ((i * 7) % 1500))
    writeNpy(join(scratch, 'plots.npy'), ids.length, 8)
    writeFileSync(join(scratch, 'plots_ids.txt'), ids.join('\n'))
    await dropFiles(
      page,
      ['plots_ids.txt', 'plots.npy'].map((name) => join(scratch, name)),
    )
    const report = page.getByTestId('attach-report')
    await report.getByText('900 of 1,680').waitFor()
    expect(await page.getByTestId('attach-meeting').innerText()).toContain('plots_ids.txt')
    await page.screenshot({ path: join(pictures, `attach-sidecar-${kind}.png`) })
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByTestId('attach-sheet').waitFor({ state: 'detached' })

    const rows = ids.map((id) => [id, id / 2, -id, 1].join('\t'))
    const folder = join(scratch, 'projector')
    mkdirSync(folder)
    writeFileSync(join(folder, 'tensors.tsv'), `${rows.join('\n')}\n`)
    writeFileSync(join(folder, 'metadata.tsv'), `${ids.join('\n')}\n`)
    // A browser does not tell where a folder lies.
    if (kind === 'electron') await dropPath(page, folder)
    else
      await dropFiles(
        page,
        ['metadata.tsv', 'tensors.tsv'].map((name) => join(folder, name)),
      )
    await report.getByText('900 of 1,680').waitFor()
    expect(await page.getByTestId('attach-sheet').innerText()).toContain('projector')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByTestId('attach-sheet').waitFor({ state: 'detached' })
    expect(bench.complaints).toEqual([])
  })

  it('several at once become tables of one column, side by side or summed', async () => {
    const { page, scratch } = bench
    const files = ['text.npy', 'image.npy'].map((name) => join(scratch, name))
    for (const file of files) writeNpy(file, movies + 1, 8)
    await dropFiles(page, files)
    await page.getByTestId('attach-sheet').waitFor()
    await choose(page, 'attach-column', /movieId/)
    await page.getByTestId('attach-file-image.npy').click()
    await choose(page, 'attach-column', /movieId/)
    await page.getByTestId('attach-combination').getByText('Summed').click()
    await page.screenshot({ path: join(pictures, `attach-several-${kind}.png`) })
    await page.getByTestId('attach-submit').click()
    await page.getByTestId('attach-sheet').waitFor({ state: 'detached', timeout: 60_000 })
    expect(bench.complaints).toEqual([])
  })
})
