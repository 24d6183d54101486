import { type ChildProcess, spawn } from 'node:child_process'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { Client } from '../../src-main/contract/requests'
import { createClient, type Reply, servedPaths, socketMessage } from '../../src-main/contract/transport'
import type { EventMessage } from '../../src-main/contract/events'
import type { Graft } from './graft'

const served = z.object({ url: z.string(), port: z.int() })

/** A window's line to a served workbench: the real command, its HTTP and its WebSocket. */
export class ServedWorkbench {
  readonly client: Client
  private readonly waiting = new Map<number, (reply: Reply) => void>()
  private readonly listeners = new Set<(event: EventMessage) => void>()
  private sent = 0

  private constructor(
    private readonly child: ChildProcess,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data) => this.hear(data.toString()))
    this.client = createClient({ invoke: (name, input) => this.invoke(name, input) })
  }

  /** Serves a project on a free port and connects to it as the browser does. */
  static async open(graft: Graft, folder: string): Promise<ServedWorkbench> {
    const child = spawn(process.execPath, [graft.cli, 'serve', folder, '--port', '0', '--json'], {
      env: { ...process.env, ...graft.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { url, port } = await readAddress(child)
    const origin = `http://127.0.0.1:${port}`
    const page = await fetch(url, { redirect: 'manual' })
    const cookie = page.headers.get('set-cookie')?.split(';')[0] ?? ''
    const socket = new WebSocket(`ws://127.0.0.1:${port}${servedPaths.socket}`, {
      headers: { cookie, origin },
    })
    await new Promise((opened, fail) => socket.once('open', opened).once('error', fail))
    return new ServedWorkbench(child, socket)
  }

  /** Waits for the first event that `wanted` accepts. */
  until(wanted: (event: EventMessage) => boolean): Promise<EventMessage> {
    return new Promise((done) => {
      const listener = (event: EventMessage): void => {
        if (!wanted(event)) return
        this.listeners.delete(listener)
        done(event)
      }
      this.listeners.add(listener)
    })
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.child.once('close', done))
    this.socket.close()
    this.child.kill('SIGTERM')
    await ended
  }

  private invoke(name: string, input: unknown): Promise<Reply> {
    const id = ++this.sent
    const answered = new Promise<Reply>((done) => this.waiting.set(id, done))
    this.socket.send(JSON.stringify({ id, name, input }))
    return answered
  }

  private hear(text: string): void {
    const message = socketMessage.parse(JSON.parse(text))
    if ('event' in message) {
      for (const listener of [...this.listeners]) listener(message.event)
      return
    }
    this.waiting.get(message.id)?.(message.reply)
    this.waiting.delete(message.id)
  }
}

/** The one JSON document that `serve --json` prints, once it is whole. */
function readAddress(child: ChildProcess): Promise<z.infer<typeof served>> {
  return new Promise((done, fail) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (!text.trimEnd().endsWith('}')) return
      done(served.parse(JSON.parse(text)))
    })
    child.once('error', fail)
    child.once('close', (status) => fail(new Error(`graft serve ended with status ${status}: ${text}`)))
  })
}
