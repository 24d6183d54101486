import { type Page } from 'playwright-core'

/** What a person does in the window, by the names that the window itself gives to its parts. */

export async function goTo(page: Page, place: string): Promise<void> {
  await page.getByTestId(`step-${place}`).click()
}

/** Drops a real file on the window, as a file manager would. Returns what the overlay said before it was let go. */
export async function dropFile(page: Page, path: string): Promise<string> {
  return dropFiles(page, [path])
}

/** The same with several at once. */
export async function dropFiles(page: Page, paths: string[]): Promise<string> {
  const input = await page.evaluateHandle(`(() => {
    const input = document.createElement('input')
    input.type = 'file'
    input.multiple = true
    input.id = 'dropped'
    document.body.append(input)
    return input
  })()`)
  await input.asElement()?.setInputFiles(paths)
  const send = (type: string): Promise<unknown> =>
    page.evaluate(`(() => {
      const dataTransfer = new DataTransfer()
      for (const file of document.getElementById('dropped').files) dataTransfer.items.add(file)
      window.dispatchEvent(new DragEvent('${type}', { dataTransfer, bubbles: true, cancelable: true }))
    })()`)
  await send('dragenter')
  const overlay = await page.getByTestId('drop-overlay').innerText()
  await send('dragover')
  await send('drop')
  await page.evaluate(`document.getElementById('dropped').remove()`)
  return overlay
}

/** Drops whatever lies at the path, a folder too, by the browser's own hand: no script can make a folder's entry. */
export async function dropPath(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 300, data })
  await session.detach()
}

/** Chooses in one of the window's select boxes. */
export async function choose(page: Page, testId: string, option: string | RegExp): Promise<void> {
  await page.getByTestId(testId).click()
  await page.locator('.n-base-select-option', { hasText: option }).click()
}

/** Types a number into a field of a settings form. */
export async function setSetting(page: Page, name: string, value: string): Promise<void> {
  const input = page.getByTestId(`setting-${name}`).locator('input')
  await input.fill(value)
  await input.press('Enter')
  await input.blur()
}

/** Starts training and waits until the run has so many epochs on the charts. */
export async function trainEpochs(page: Page, epochs: number): Promise<void> {
  await goTo(page, 'train')
  await page.getByTestId('start').click()
  await waitForEpochs(page, epochs)
}

/** Until the run on the charts has at least so many epochs. */
export async function waitForEpochs(page: Page, epochs: number): Promise<void> {
  const row = page
    .getByTestId('epochs')
    .locator('tbody tr')
    .nth(epochs - 1)
  await row.waitFor({ state: 'attached', timeout: 120_000 })
}
