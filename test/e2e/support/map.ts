import { type Page } from 'playwright-core'

/** The map of a table, as a person uses it. */

const drawn = '[data-testid=map-canvas][data-drawn=true][data-ready=true]'

export async function openMap(page: Page, column: string): Promise<void> {
  await page.getByTestId('step-embeddings').click()
  const close = page.getByTestId('map-close')
  const card = page.getByTestId(`map-${column}`)
  // A map that was open is open again, but its code is loaded first.
  await close.or(card).first().waitFor()
  if (await close.isVisible()) await close.click()
  await card.click()
  await page.locator(drawn).waitFor({ timeout: 120_000 })
}

/** The name of the map that is drawn. */
export const mapName = (page: Page): Promise<string | null> =>
  page.getByTestId('map-stage').getAttribute('data-map')

export async function untilDrawn(page: Page): Promise<void> {
  await page.locator(drawn).waitFor({ timeout: 120_000 })
}

/** Finds an id by the search field and chooses the first that is found. */
export async function findId(page: Page, text: string): Promise<void> {
  await page.getByTestId('map-search').locator('input').fill(text)
  // What was found before may still be listed.
  await page
    .locator('.n-base-select-option:visible', { hasText: new RegExp(text, 'i') })
    .first()
    .click()
}

/** Draws a loop with the lasso, in shares of the map's width and height. */
export async function lasso(page: Page, corners: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.getByTestId('map-canvas').boundingBox()
  if (!box) throw new Error('There is no map.')
  const at = ([x, y]: readonly [number, number]): [number, number] => [
    box.x + x * box.width,
    box.y + y * box.height,
  ]
  const [first, ...rest] = corners
  if (!first) return
  await page.keyboard.down('Shift')
  await page.mouse.move(...at(first))
  await page.mouse.down()
  for (const corner of [...rest, first]) await page.mouse.move(...at(corner), { steps: 8 })
  await page.mouse.up()
  await page.keyboard.up('Shift')
}

/** How many ids are selected. */
export async function selected(page: Page): Promise<number> {
  const panel = page.getByTestId('selection-panel')
  await panel.waitFor()
  return Number(await panel.getAttribute('data-count'))
}
