import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { type EventMessage, servedPaths, uploadReply } from '../../../src-main/contract'
import { type RunningServer, serve } from '../../../src-main/server/server'
import { EventBus } from '../../../src-main/services/eventBus'

/** What a browser, a curious neighbour and a hostile page may do on the served port. */

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

let folder: string
let server: RunningServer
let cookie: string
const bus = new EventBus()
const asked: [unknown, unknown][] = []

/** One request, with exactly the headers and the raw path that are given. */
function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const host = () => `127.0.0.1:${server.port}`
const origin = () => `http://${host()}`
const known = () => ({ Cookie: cookie })

/** How a WebSocket fares: the status of the refusal, or 101. */
function connect(headers: Record<string, string>, path: string = servedPaths.socket): Promise<number> {
  return new Promise((resolve) => {
    const line = new WebSocket(`ws://${host()}${path}`, { headers })
    line.on('open', () => {
      line.close()
      resolve(101)
    })
    line.on('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    line.on('error', () => resolve(0))
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graft-server-'))
  const renderer = join(folder, 'renderer')
  await mkdir(join(renderer, 'assets'), { recursive: true })
  await writeFile(join(renderer, 'index.html'), '<!doctype html><title>Graft</title>')
  await writeFile(join(renderer, 'assets', 'app-1234.js'), 'export {}')
  await writeFile(join(renderer, 'secret.key'), 'secret')
  await writeFile(join(folder, 'outside.html'), 'outside')
  server = await serve({
    renderer,
    port: 0,
    dispatch: async (name, input) => {
      asked.push([name, input])
      return { ok: true, value: { name } }
    },
    subscribe: (listener) => bus.subscribe(listener),
  })
  const url = new URL(server.url)
  const first = await ask(`${url.pathname}${url.search}`, { Host: host() })
  expect(first.status).toBe(200)
  cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
})

afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

describe('letting a browser in', () => {
  it('gives a cookie that no script reads and no other site sends', async () => {
    const other = await serve({ ...options(), port: 0 })
    const { pathname, search, port } = new URL(other.url)
    const answer = await new Promise<Record<string, unknown>>((resolve) => {
      request({ host: '127.0.0.1', port, path: pathname + search }, (response) => {
        response.resume()
        resolve(response.headers)
      }).end()
    })
    const setCookie = String(answer['set-cookie'])
    expect(setCookie).toMatch(/; HttpOnly/)
    expect(setCookie).toMatch(/; SameSite=Strict/)
    await other.close()
  })

  it('works once', async () => {
    const { pathname, search } = new URL(server.url)
    expect((await ask(`${pathname}${search}`, { Host: host() })).status).toBe(403)
  })

  it('refuses a wrong token, an empty one and none', async () => {
    for (const path of ['/?token=', `/?token=${'A'.repeat(43)}`, '/', '/index.html', '/assets/app-1234.js'])
      expect((await ask(path, { Host: host() })).status, path).toBe(403)
  })

  it('refuses a cookie that is not ours', async () => {
    const name = cookie.split('=')[0] ?? ''
    for (const wrong of [`${name}=`, `${name}=${'A'.repeat(43)}`, `other=${cookie.split('=')[1]}`])
      expect((await ask('/', { Host: host(), Cookie: wrong })).status).toBe(403)
  })

  it('shows the page to whoever was let in', async () => {
    const page = await ask('/', { Host: host(), ...known() })
    expect(page.status).toBe(200)
    expect(page.body).toContain('Graft')
    expect((await ask('/', { Host: `localhost:${server.port}`, ...known() })).status).toBe(200)
  })
})

const options = () => ({
  renderer: join(folder, 'renderer'),
  dispatch: async () => ({ ok: true as const, value: {} }),
  subscribe: (listener: (message: EventMessage) => void) => bus.subscribe(listener),
})

describe('other names and other pages', () => {
  it.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost', '127.0.0.1:1', '[::1]:80'])(
    'refuses the Host %j, cookie or not',
    async (name) => {
      expect((await ask('/', { Host: name, ...known() })).status).toBe(403)
      const { pathname, search } = new URL(server.url)
      expect((await ask(`${pathname}${search}`, { Host: name })).status).toBe(403)
    },
  )

  it('takes a socket from our own page alone', async () => {
    expect(await connect({ ...known(), Origin: origin() })).toBe(101)
    expect(await connect({ ...known(), Origin: 'http://evil.example' })).toBe(403)
    expect(await connect({ ...known(), Origin: 'null' })).toBe(403)
    expect(await connect({ ...known(), Origin: `http://localhost:${server.port}` })).toBe(403)
    expect(await connect({ ...known() })).toBe(403)
    expect(await connect({ Origin: origin() })).toBe(403)
    expect(await connect({ ...known(), Origin: origin(), Host: 'evil.example' })).toBe(403)
    expect(await connect({ ...known(), Origin: origin() }, '/other')).toBe(403)
  })

  it('takes a file from our own page alone', async () => {
    const path = `${servedPaths.upload}?name=a.npy`
    const wrong: Record<string, string>[] = [
      { Host: host(), ...known() },
      { Host: host(), ...known(), Origin: 'http://evil.example' },
      { Host: host(), Origin: origin() },
    ]
    for (const headers of wrong) expect((await ask(path, headers, 'POST', 'x')).status).toBe(403)
  })

  it('sends the policy with every answer', async () => {
    for (const path of ['/', '/nothing.html', '/?token=x']) {
      const { headers } = await ask(path, { Host: host(), ...known() })
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).not.toMatch(/script-src[^;]*unsafe/)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['x-frame-options']).toBe('DENY')
    }
  })
})

describe('files', () => {
  it.each([
    '/../outside.html',
    '/..%2foutside.html',
    '/%2e%2e/outside.html',
    '/assets/../../outside.html',
    '/assets/..%2f..%2foutside.html',
    '/..%5coutside.html',
    '//outside.html',
    '/secret.key',
    '/%00index.html',
    '/%E0%A4%A',
    '/assets',
  ])('does not hand out %s', async (path) => {
    const answer = await ask(path, { Host: host(), ...known() })
    expect(answer.status).toBe(404)
    expect(answer.body).not.toMatch(/outside|secret/)
  })

  it('keeps what never changes, and nothing else', async () => {
    const asset = await ask('/assets/app-1234.js', { Host: host(), ...known() })
    expect(asset.headers['cache-control']).toContain('immutable')
    expect(asset.headers['content-type']).toContain('text/javascript')
    const page = await ask('/', { Host: host(), ...known() })
    expect(page.headers['cache-control']).toBe('no-store')
  })

  it('answers no other method', async () => {
    expect((await ask('/', { Host: host(), ...known() }, 'DELETE')).status).toBe(405)
  })
})

describe('uploads', () => {
  const upload = (name: string, body: string, beside = '', under = '') =>
    ask(
      `${servedPaths.upload}?name=${encodeURIComponent(name)}${beside && `&beside=${encodeURIComponent(beside)}`}${under && `&under=${encodeURIComponent(under)}`}`,
      { Host: host(), ...known(), Origin: origin() },
      'POST',
      body,
    )

  it('puts a file beside an earlier one that it belongs to, and nowhere else', async () => {
    const pathOf = ({ body }: { body: string }): string => uploadReply.parse(JSON.parse(body)).path
    const tensors = pathOf(await upload('tensors.tsv', 'one'))
    const metadata = pathOf(await upload('metadata.tsv', 'two', tensors))
    expect(metadata).toBe(join(dirname(tensors), 'metadata.tsv'))
    expect(await readFile(metadata, 'utf8')).toBe('two')
    expect((await upload('metadata.tsv', 'three', tensors)).status).toBe(400)
    expect(await readFile(metadata, 'utf8')).toBe('two')
    for (const place of [join(tmpdir(), 'x'), join(dirname(tensors), '..', 'x'), '/etc/passwd'])
      expect((await upload('evil.tsv', 'x', place)).status).toBe(400)
  })

  it('puts the files of a folder as they lay, and nowhere else', async () => {
    const pathOf = ({ body }: { body: string }): string => uploadReply.parse(JSON.parse(body)).path
    const first = pathOf(await upload('a.csv', 'one', '', 'days/day=1'))
    expect(first.endsWith(join('days', 'day=1', 'a.csv'))).toBe(true)
    const root = dirname(dirname(dirname(first)))
    const second = pathOf(await upload('a.csv', 'two', first, 'days/day=2'))
    expect(second).toBe(join(root, 'days', 'day=2', 'a.csv'))
    expect(await readFile(second, 'utf8')).toBe('two')
    expect((await upload('a.csv', 'three', first, 'days/day=2')).status).toBe(400)
    const other = pathOf(await upload('a.csv', 'four', '', 'days'))
    expect(other.startsWith(root + sep)).toBe(false)
    const deep = Array.from({ length: 100 }, () => 'x').join('/')
    for (const under of ['..', 'days/..', '/etc', 'days//x', 'a\\b', 'x\0y', deep])
      expect((await upload('evil.csv', 'x', first, under)).status, under.slice(0, 20)).toBe(400)
    for (const place of [root, `${root}/../x`, `${root}x/y`, '/etc/passwd'])
      expect((await upload('evil.csv', 'x', place, 'days')).status, place).toBe(400)
    expect(await readFile(second, 'utf8')).toBe('two')
  })

  it('keeps name and bytes, each file in a folder of its own', async () => {
    const [one, two] = await Promise.all([upload('vectors.npy', 'one'), upload('vectors.npy', 'two')])
    const paths = [one, two].map(({ body }) => uploadReply.parse(JSON.parse(body ?? '')).path)
    expect(new Set(paths).size).toBe(2)
    expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(['one', 'two'])
    for (const path of paths) expect(path.endsWith('vectors.npy')).toBe(true)
  })

  it.each(['../../evil.npy', '/etc/passwd', 'C:\\Windows\\evil.npy', '..\\evil.npy'])(
    'keeps nothing of the folders in %s',
    async (name) => {
      const { path } = uploadReply.parse(JSON.parse((await upload(name, 'x')).body))
      expect(dirname(dirname(dirname(path)))).toBe(tmpdir())
    },
  )

  it.each(['', '..', '.', 'a\0b', 'x'.repeat(300)])('refuses the name %j', async (name) => {
    expect((await upload(name, 'x')).status).toBe(400)
  })
})

describe('the socket', () => {
  it('carries requests, answers with the same number, and events', async () => {
    const line = new WebSocket(`ws://${host()}${servedPaths.socket}`, {
      headers: { ...known(), Origin: origin() },
    })
    const messages: unknown[] = []
    line.on('message', (data) => messages.push(JSON.parse(String(data))))
    await new Promise((resolve) => line.on('open', resolve))
    line.send(JSON.stringify({ id: 7, name: 'project.undo', input: {} }))
    bus.emit('job.dismissed', { job: 'job-1' })
    await expect.poll(() => messages.length).toBe(2)
    expect(messages).toContainEqual({ id: 7, reply: { ok: true, value: { name: 'project.undo' } } })
    expect(messages).toContainEqual({
      event: { sequence: bus.sequence, name: 'job.dismissed', data: { job: 'job-1' } },
    })
    expect(asked).toContainEqual(['project.undo', {}])
    line.close()
  })

  it.each(['{', '{"id":"x","name":"a","input":{}}', '[]'])('ends at %s', async (text) => {
    const line = new WebSocket(`ws://${host()}${servedPaths.socket}`, {
      headers: { ...known(), Origin: origin() },
    })
    await new Promise((resolve) => line.on('open', resolve))
    line.send(text)
    expect(await new Promise((resolve) => line.on('close', resolve))).toBe(1008)
  })

  it('forgets a window that left', async () => {
    const line = new WebSocket(`ws://${host()}${servedPaths.socket}`, {
      headers: { ...known(), Origin: origin() },
    })
    await new Promise((resolve) => line.on('open', resolve))
    line.terminate()
    await new Promise((resolve) => line.on('close', resolve))
    bus.emit('job.dismissed', { job: 'job-2' })
    expect((await ask('/', { Host: host(), ...known() })).status).toBe(200)
  })
})

describe('the port', () => {
  it('is the next free one where the wanted one is taken', async () => {
    const other = await serve({ ...options(), port: server.port })
    expect(other.port).toBeGreaterThan(server.port)
    await other.close()
  })

  it('leaves nothing behind', async () => {
    const other = await serve({ ...options(), port: 0 })
    const { pathname, search } = new URL(other.url)
    const get = (path: string, headers: Record<string, string>, method = 'GET') =>
      new Promise<{ body: string; cookie: string }>((resolve) => {
        request({ host: '127.0.0.1', port: other.port, path, method, headers }, (response) => {
          let body = ''
          response.on('data', (chunk: Buffer) => (body += chunk.toString()))
          response.on('end', () =>
            resolve({ body, cookie: String(response.headers['set-cookie']).split(';')[0] ?? '' }),
          )
        }).end(method === 'POST' ? 'x' : undefined)
      })
    const { cookie: own } = await get(pathname + search, {})
    const headers = { Cookie: own, Origin: `http://127.0.0.1:${other.port}` }
    const { body } = await get(`${servedPaths.upload}?name=a.npy`, headers, 'POST')
    const { path } = uploadReply.parse(JSON.parse(body))
    expect((await stat(path)).size).toBe(1)
    await other.close()
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })
})
