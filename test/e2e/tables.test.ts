import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choose, dropFile, dropPath, goTo, setSetting, trainEpochs } from './support/steps'
import { openWorkbench, type Workbench } from './support/workbench'

const pictures = resolve(__dirname, '..', '..', 'test-results', 'window')

/** Ratings by time, some pairs of user and item above others, with items that only the last rows know. */
function ratings(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const user = (i * 7) % 60
    const item = i > rows * 0.9 ? 50 + (i % 4) : (i * 11) % 50
    return `u${user};m${item};${1 + ((user * 13 + item * 7) % 5)};${1_100_000_000 + i * 60}`
  })
  return ['userId;movieId;rating;timestamp', ...lines].join('\n')
}

describe('a raw table in the window', () => {
  let bench: Workbench
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true })
    bench = await openWorkbench('served')
  })
  afterAll(() => bench?.close())

  it('is shown as it would be read, with a reason for every guess', async () => {
    const { page, scratch } = bench
    const file = join(scratch, 'ratings.csv')
    writeFileSync(file, ratings(4000))
    expect(await dropFile(page, file)).toContain('.csv')
    await page.getByTestId('import-preview').waitFor()
    expect(await page.getByTestId('import-delimiter').innerText()).toContain('semicolon')
    expect(await page.getByTestId('import-column-userId').innerText()).toContain('identifies a user')
    expect(await page.getByTestId('import-preview').locator('tbody tr').count()).toBe(20)
    expect(await page.getByTestId('import-split-spec').innerText()).toBe('time:timestamp:0.8,0.1,0.1')
  })

  it('says in the sheet what is wrong with a wrong reading, and goes on when it is right again', async () => {
    const { page, scratch } = bench
    const sheet = page.getByTestId('import-sheet')
    const ragged = join(scratch, 'ragged.csv')
    writeFileSync(ragged, 'movieId,title\nm0,Heat\nm1,A,B,C\n')
    await dropFile(page, ragged)
    const alert = sheet.locator('.alert.error')
    await alert.waitFor()
    expect(await alert.innerText()).toMatch(/ragged\.csv.*line 3/s)
    expect(await page.getByTestId('import-submit').isDisabled()).toBe(true)
    await page.getByLabel('Leave ragged.csv out').click()
    await alert.waitFor({ state: 'detached' })
  })

  it('says why it does not take a dropped folder', async () => {
    const { page, scratch } = bench
    const refused = async (folder: string, why: string): Promise<void> => {
      await dropPath(page, folder)
      const refusal = page.getByText(why)
      await refusal.waitFor()
      await page.keyboard.press('Escape')
      await refusal.waitFor({ state: 'detached' })
    }
    mkdirSync(join(scratch, 'days'))
    await refused(join(scratch, 'days'), 'days is an empty folder.')
    mkdirSync(join(scratch, 'shop'))
    writeFileSync(join(scratch, 'shop', 'graft.json'), '{}')
    await refused(join(scratch, 'shop'), 'shop is a project: it opens where it lies, not as a copy.')
  })

  it('joins a second table by the key that both have', async () => {
    const { page, scratch } = bench
    const items = Array.from(
      { length: 54 },
      (_, i) => `m${i};Film ${i};${1950 + i};${i % 3 ? 'Drama|War' : 'Comedy'}`,
    )
    const file = join(scratch, 'movies.csv')
    writeFileSync(file, ['movieId;title;year;genres', ...items].join('\n'))
    await dropFile(page, file)
    await page.getByTestId('import-column-genres').waitFor()
    expect(await page.getByTestId('import-file-movies.csv').innerText()).toContain('movieId')
  })

  it('looks right in both themes', async () => {
    const { page } = bench
    for (const theme of ['light', 'dark'] as const)
      for (const size of [
        { width: 1440, height: 900 },
        { width: 1100, height: 700 },
      ]) {
        await page.emulateMedia({ colorScheme: theme })
        await page.setViewportSize(size)
        await page.waitForTimeout(400)
        await page.screenshot({ path: join(pictures, `import-${theme}-${size.width}.png`) })
        const submit = await page.getByTestId('import-submit').boundingBox()
        expect((submit?.y ?? 1e9) + (submit?.height ?? 0), 'the button is in sight').toBeLessThan(size.height)
      }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('becomes a project of three parts, with what to look at', async () => {
    const { page } = bench
    expect(await page.getByTestId('import-target').innerText()).toContain('As guessed: rating_binary')
    await choose(page, 'import-target', /^rating$/)
    await page.getByTestId('import-above').locator('input').fill('2')
    await page.getByTestId('import-above').locator('input').press('Tab')
    await page.getByTestId('import-column-rating_binary').getByText('rating is above 2').waitFor()
    await page.getByTestId('import-submit').click()
    await page.getByTestId('import-report').waitFor({ timeout: 60_000 })
    await page.getByTestId('import-sheet').waitFor({ state: 'detached' })
    expect(await page.getByTestId('import-report').innerText()).toMatch(/movieId\s+.*of test/)
    const parts = await page.getByRole('tab').allInnerTexts()
    expect(parts.map((text) => /([\d,]+) rows/.exec(text)?.[1])).toEqual(['3,200', '400', '400'])
    expect(await page.getByTestId('status').innerText()).toContain('4,000 rows')
    await page.screenshot({ path: join(pictures, 'imported-light-1440.png') })
  })

  it('sets the parts side by side', async () => {
    const { page } = bench
    await page.getByTestId('compare-parts').click()
    const table = page.getByTestId('split-table')
    const movies = await table.getByRole('row', { name: /movieId/ }).innerText()
    // Validation: 50 values, all known; test: 4 new ones in all rows but one.
    expect(movies).toMatch(/movieId\s+50\s+100.%\s+0.%\s+0.%\s+5\s+20.%\s+99\.8.%\s+0.%/)
    await page.screenshot({ path: join(pictures, 'parts-light-1440.png') })
    await page.getByTestId('compare-parts').click()
  })

  it('derives features from its categories', async () => {
    const { page } = bench
    await goTo(page, 'schema')
    await page.getByTestId('derive').click()
    await choose(page, 'derive-means', /^userId$/)
    await page.screenshot({ path: join(pictures, 'derive-light-1440.png') })
    await page.getByTestId('derive-apply').click()
    await page.getByTestId('derive-apply').waitFor({ state: 'detached', timeout: 60_000 })
    expect(await page.getByText('TE_userId_rating_binary').count()).toBeGreaterThan(0)
  })

  it('encodes a column by other settings, and says where the rows are behind the schema', async () => {
    const { page } = bench
    await page.getByTestId('schema-row-year').locator('[data-field=role]').click()
    const form = page.getByTestId('encoding')
    await page.getByTestId('setting-transform').locator('.n-base-selection').click()
    await page.locator('.n-base-select-option', { hasText: /^quantile$/ }).click()
    await setSetting(page, 'bins', '10')
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(pictures, `encoding-${theme}-1440.png`) })
    }
    await page.emulateMedia({ colorScheme: 'light' })
    await page.getByTestId('encode-apply').click()
    await page.getByTestId('encode-apply').waitFor({ state: 'detached', timeout: 60_000 })
    expect(await form.getByTestId('setting-bins').locator('input').inputValue()).toBe('10')

    const title = page.getByTestId('schema-row-title')
    await title.locator('[data-field=role]').click()
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: 'feature' }).click()
    const problem = page.getByText('Column title was set aside when the rows were encoded.').first()
    await problem.waitFor()
    await page.screenshot({ path: join(pictures, 'stale-encoding-light-1440.png') })
    await goTo(page, 'train')
    expect(await page.getByTestId('start').isDisabled()).toBe(true)
    await goTo(page, 'schema')
    await page.getByTestId('fix').getByText('Encode again').first().click()
    await problem.waitFor({ state: 'detached', timeout: 60_000 })
    expect(await title.innerText()).not.toContain('not in data')
  })

  it('trains', async () => {
    const { page } = bench
    await trainEpochs(page, 1)
    await goTo(page, 'train')
    const auc = page.getByTestId('epochs').locator('tbody tr').first()
    expect(await auc.innerText()).toMatch(/0\.\d+/)
    await page.locator('[data-testid=outcome][data-status=completed]').waitFor({ timeout: 60_000 })
  })

  it('is evaluated on a held-out part, sliced, and predicts raw rows with users never seen', async () => {
    const { page, scratch } = bench
    await page.getByTestId('evaluate').click()
    await page.getByTestId('evaluate-run').click()
    await page.getByTestId('evaluation').waitFor({ timeout: 60_000 })
    expect(await page.getByTestId('evaluation').innerText()).toContain('400 rows of the validation part')
    expect(await page.getByTestId('slices').innerText()).toContain('seen in training')
    const file = join(scratch, 'new.csv')
    writeFileSync(file, 'userId;movieId\nu1;m2\nstranger;m3\n')
    await page.getByTestId('evaluate-raw').click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByTestId('evaluate-files').click()
    await (await chooser).setFiles(file)
    await page.getByTestId('evaluate-sheet').getByText('new.csv').waitFor()
    await page.getByTestId('predict-run').click()
    await page.getByTestId('predicted').waitFor({ timeout: 60_000 })
    const words = await page.getByTestId('predicted').innerText()
    expect(words).toContain('Wrote 2 predictions')
    expect(words).toMatch(/userId: 50.% of the rows are unknown/)
    const path = /to (.*\.csv)/.exec(words)?.[1] ?? ''
    expect(readFileSync(path, 'utf8')).toMatch(
      /^userId,movieId,prediction\nu1,m2,0\.\d+\nstranger,m3,0\.\d+\n$/,
    )
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(pictures, `evaluate-${theme}-1440.png`) })
    }
    expect(bench.complaints).toEqual([])
  })
})

describe('a folder that is dropped on a browser', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('served')
  })
  afterAll(() => bench?.close())

  it('is sent as it lies, and its parts become those of the project', async () => {
    const { page, scratch } = bench
    const [header = '', ...lines] = ratings(400).split('\n')
    const folder = join(scratch, 'split ratings')
    const files = { 'train/a.csv': [0, 200], 'train/b.csv': [200, 300], 'test/c.csv': [300, 400] } as const
    for (const [name, [first, last]] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      writeFileSync(join(folder, name), [header, ...lines.slice(first, last)].join('\n'))
    }
    writeFileSync(join(folder, '.hidden'), 'stays')
    await dropPath(page, folder)
    await page.getByTestId('import-preview').waitFor()
    await page.screenshot({ path: join(pictures, 'folder-light-1440.png') })
    await page.getByTestId('import-submit').click()
    await page.getByTestId('import-report').waitFor({ timeout: 60_000 })
    const parts = await page.getByRole('tab').allInnerTexts()
    expect(parts.map((text) => /([\d,]+) rows/.exec(text)?.[1])).toEqual(['300', '100'])
  })
})
