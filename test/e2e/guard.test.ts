import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWorkbench, type Kind, type Workbench } from './support/workbench'

/** What a hostile page, script or link could try from inside of the window. */

const kinds: Kind[] = ['electron', 'served']

describe.each(kinds)('the guarded window, %s', (kind) => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench(kind)
  })
  afterAll(() => bench?.close())

  it('has nothing of Node', async () => {
    const found = await bench.page.evaluate(
      `[typeof require, typeof process, typeof module, typeof Buffer, typeof global].join()`,
    )
    expect(found).toBe('undefined,undefined,undefined,undefined,undefined')
  })

  it('runs no script but its own files: none inline, none evaluated, none from elsewhere', async () => {
    const found = await bench.page.evaluate(`(async () => {
      const inline = document.createElement('script')
      inline.textContent = 'window.injected = 1'
      document.body.append(inline)
      const data = document.createElement('script')
      const loaded = new Promise((done) => { data.onload = () => done('ran'); data.onerror = () => done('refused') })
      data.src = 'data:text/javascript,window.injected=2'
      document.body.append(data)
      const script = document.createElement('a')
      script.setAttribute('onclick', 'window.injected = 3')
      script.click()
      setTimeout('window.injected = 4', 0)
      await new Promise((done) => setTimeout(done, 50))
      return [await loaded, String(window.injected)].join()
    })()`)
    expect(found).toBe('refused,undefined')
  })

  it('talks to no other host', async () => {
    const found = await bench.page.evaluate(
      `fetch('http://127.0.0.1:9/').then(() => 'answered', (error) => error.constructor.name)`,
    )
    expect(found).toBe('TypeError')
    const blocked = await bench.page.evaluate(`new Promise((done) => {
      document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), { once: true })
      fetch('http://127.0.0.1:9/').catch(() => undefined)
    })`)
    expect(blocked).toBe('connect-src')
  })

  it('shows no frame', async () => {
    const directive = await bench.page.evaluate(`new Promise((done) => {
      document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective), { once: true })
      const frame = document.createElement('iframe')
      frame.src = location.href
      document.body.append(frame)
    })`)
    expect(directive).toBe('frame-src')
  })
})

describe('the guarded window of the desktop', () => {
  let bench: Workbench
  beforeAll(async () => {
    bench = await openWorkbench('electron')
  })
  afterAll(() => bench?.close())

  it('goes nowhere else and opens no other window', async () => {
    const { page } = bench
    const before = page.url()
    await page.evaluate(`location.href = 'https://example.invalid/'`)
    await page.evaluate(`location.href = 'file:///etc/passwd'`)
    const opened = await page.evaluate(`String(window.open('https://example.invalid/'))`)
    expect(opened).toBe('null')
    await page.waitForTimeout(300)
    expect(page.url()).toBe(before)
    expect(page.context().pages()).toHaveLength(1)
  })

  it('refuses what does not fit the contract', async () => {
    const replies = await bench.page.evaluate(`Promise.all([
      window.graft.invoke('project.open', { path: 3 }),
      window.graft.invoke('__proto__.toString', {}),
      window.graft.invoke({ toString: 1 }, {}),
      window.graft.invoke('project.open'),
    ]).then((replies) => replies.map(({ ok, error }) => ok ? 'ok' : error.code))`)
    expect(replies).toEqual(Array.from({ length: 4 }, () => 'invalid-request'))
  })

  it('gets no permission of the browser', async () => {
    const states = await bench.page.evaluate(`Promise.all(
      ['notifications', 'geolocation', 'camera', 'microphone'].map((name) =>
        navigator.permissions.query({ name }).then(({ state }) => state)),
    )`)
    expect(states).toEqual(['denied', 'denied', 'denied', 'denied'])
  })
})
