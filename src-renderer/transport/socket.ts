import {
  servedPaths,
  socketMessage,
  type EventMessage,
  type Reply,
  type SocketRequest,
} from '../../src-main/contract'
import { type LineChange, type WindowTransport } from './transport'
import { sendFile, sendFolder } from './upload'

interface Pending {
  resolve(answer: Reply): void
}

const firstRetryMs = 250
const lastRetryMs = 5000

const lost: Reply = {
  ok: false,
  error: {
    code: 'crashed',
    message: 'The connection to Graft was lost before it answered.',
    hint: 'It reconnects by itself when Graft runs again; then try once more.',
    details: {},
  },
}

/**
 * Served mode: one WebSocket that carries requests, answers and events. It reconnects with growing pauses; requests
 * that were under way fail, for they cannot know whether main acted on them.
 */
export function socketTransport(origin: string): WindowTransport {
  const url = new URL(servedPaths.socket, origin.replace(/^http/, 'ws'))
  const pending = new Map<number, Pending>()
  const waiting: SocketRequest[] = []
  const listeners = new Set<(message: EventMessage) => void>()
  const lineListeners = new Set<(change: LineChange) => void>()
  let socket: WebSocket | null = null
  let nextId = 1
  let retryMs = firstRetryMs

  const tell = (change: LineChange): void => {
    for (const listener of lineListeners) listener(change)
  }

  const open = (): void => {
    const line = new WebSocket(url)
    line.addEventListener('open', () => {
      socket = line
      retryMs = firstRetryMs
      for (const frame of waiting.splice(0)) line.send(JSON.stringify(frame))
      tell('open')
    })
    line.addEventListener('message', (event) => receive(String(event.data)))
    line.addEventListener('close', () => {
      const wasOpen = socket === line
      socket = null
      for (const { resolve } of pending.values()) resolve(lost)
      pending.clear()
      waiting.length = 0
      if (wasOpen) tell('lost')
      else void isRefused(origin).then((refused) => refused && tell('refused'))
      setTimeout(open, retryMs)
      retryMs = Math.min(retryMs * 2, lastRetryMs)
    })
  }

  const receive = (text: string): void => {
    const message = socketMessage.parse(JSON.parse(text))
    if ('event' in message) {
      for (const listener of listeners) listener(message.event)
      return
    }
    pending.get(message.id)?.resolve(message.reply)
    pending.delete(message.id)
  }

  open()

  return {
    invoke: (name, input) =>
      new Promise((resolve) => {
        const frame = { id: nextId++, name, input }
        pending.set(frame.id, { resolve })
        if (socket) socket.send(JSON.stringify(frame))
        else waiting.push(frame)
      }),
    on: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onConnection: (listener) => {
      lineListeners.add(listener)
      return () => lineListeners.delete(listener)
    },
    pathOf: (file, beside) => sendFile(origin, file, { beside }),
    pathOfFolder: ({ entry }, told) => sendFolder(origin, entry, told),
  }
}

/** Whether a server is there that does not know this window: Graft was started anew, and its cookie with it. */
async function isRefused(origin: string): Promise<boolean> {
  const response = await fetch(origin, { method: 'HEAD', credentials: 'same-origin' }).catch(() => null)
  return response?.status === 403
}
