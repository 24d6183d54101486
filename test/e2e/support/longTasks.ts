import { type Page } from 'playwright-core'

/** Follows the window's long tasks (Chromium counts those over 50 ms) from now on. */
export async function watchLongTasks(page: Page): Promise<{ longest(): Promise<number> }> {
  await page.evaluate(`(() => {
    window.longTasks = []
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
      .observe({ type: 'longtask' })
  })()`)
  return {
    /** The longest in milliseconds since the last call, 0 where no task was longer than 50. */
    longest: async () => {
      const found: unknown = await page.evaluate(`(() => {
        const longest = Math.max(0, ...window.longTasks)
        window.longTasks = []
        return longest
      })()`)
      return Number(found)
    },
  }
}
