import { type Page } from 'playwright-core'
import { z } from 'zod'

const traceEvent = z.object({
  name: z.string(),
  ph: z.string(),
  ts: z.number(),
  tid: z.number(),
  pid: z.number(),
  dur: z.number().default(0),
  /** Processor time of the thread: other processes on the machine do not count. */
  tdur: z.number().optional(),
  args: z.object({ name: z.string().optional() }).loose().default({}),
})
type TraceEvent = z.infer<typeof traceEvent>

/** What the window's main thread did, in milliseconds of its processor time. */
export interface FrameTimes {
  /** The longest task. */
  longestTask: number
  /** Script time of each frame in which a script ran. */
  scripts: number[]
}

/** Everything by which JavaScript runs in a page. */
const scriptNames = new Set([
  'EvaluateScript',
  'FunctionCall',
  'RunMicrotasks',
  'FireAnimationFrame',
  'EventDispatch',
  'TimerFire',
  'WebSocketReceive',
  'V8.GC_TASK',
])

/** Traces the page while `work` is done. Chromium only. */
export async function traceFrames(page: Page, work: () => Promise<void>): Promise<FrameTimes> {
  const browser = page.context().browser()
  if (!browser) throw new Error('Only a browser can be traced.')
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel', '__metadata'],
  })
  // A loop that asks for every frame marks where frames begin.
  await page.evaluate(`(() => {
    window.marksFrames = true
    const mark = () => window.marksFrames && requestAnimationFrame(mark)
    mark()
  })()`)
  await work()
  await page.evaluate('window.marksFrames = false')
  const text = (await browser.stopTracing()).toString('utf8')
  const events = z
    .object({ traceEvents: z.array(traceEvent.catch(emptyEvent)) })
    .parse(JSON.parse(text)).traceEvents
  return readFrames(events)
}

const emptyEvent: TraceEvent = { name: '', ph: '', ts: 0, tid: 0, pid: 0, dur: 0, args: {} }

/** The page's thread is the renderer's main one that ran most scripts. */
function readFrames(events: readonly TraceEvent[]): FrameTimes {
  const mains = new Set(
    events
      .filter((event) => event.name === 'thread_name' && event.args.name === 'CrRendererMain')
      .map((event) => `${event.pid} ${event.tid}`),
  )
  const threads = groups(events.filter((event) => mains.has(`${event.pid} ${event.tid}`)))
  const busiest = [...threads.values()].sort((a, b) => scriptTime(b) - scriptTime(a))[0] ?? []
  const complete = busiest.filter((event) => event.ph === 'X').sort((a, b) => a.ts - b.ts || b.dur - a.dur)
  const starts = complete.filter((event) => event.name === 'FireAnimationFrame').map((event) => event.ts)
  const scripts = new Map<number, number>()
  let end = -1
  for (const event of complete) {
    // Calls within calls are counted once.
    if (!scriptNames.has(event.name) || event.ts < end) continue
    end = event.ts + event.dur
    const frame = lastAtMost(starts, event.ts)
    scripts.set(frame, (scripts.get(frame) ?? 0) + milliseconds(event))
  }
  const tasks = complete.filter(
    (event) => event.name === 'RunTask' || event.name === 'ThreadControllerImpl::RunTask',
  )
  return { longestTask: Math.max(0, ...tasks.map(milliseconds)), scripts: [...scripts.values()] }
}

function groups(events: readonly TraceEvent[]): Map<string, TraceEvent[]> {
  const found = new Map<string, TraceEvent[]>()
  for (const event of events) {
    const key = `${event.pid} ${event.tid}`
    const others = found.get(key)
    if (others) others.push(event)
    else found.set(key, [event])
  }
  return found
}

const milliseconds = (event: TraceEvent): number => (event.tdur ?? event.dur) / 1000
const scriptTime = (events: readonly TraceEvent[]): number =>
  events.filter(({ name }) => scriptNames.has(name)).reduce((sum, event) => sum + event.dur, 0)

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= value) low = middle + 1
    else high = middle
  }
  return low
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
