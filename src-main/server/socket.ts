import { type IncomingMessage } from 'node:http'
import { type Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { type EventMessage, GraftError, servedPaths, type SocketMessage, socketRequest } from '../contract'
import { type Dispatch } from '../services/dispatch'
import { requestUrl, type Access } from './access'

/** The largest request: a whole document, with room to spare. Files come by upload. */
const largestFrame = 8 << 20 // bytes
/** A window that reads this slowly is cut off; it reconnects and starts from a snapshot. */
const mostUnsent = 64 << 20 // bytes

export interface SocketServices {
  readonly dispatch: Dispatch
  readonly subscribe: (listener: (message: EventMessage) => void) => () => void
}

/** The contract over WebSockets. */
export class SocketTransport {
  private readonly server = new WebSocketServer({ noServer: true, maxPayload: largestFrame })

  constructor(
    private readonly access: Access,
    private readonly services: SocketServices,
  ) {}

  /** Answers an upgrade: a connection for a window of ours, 403 for everyone else. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { headers } = request
    const path = requestUrl(request.url).pathname
    const allowed =
      path === servedPaths.socket &&
      this.access.isOurHost(headers) &&
      this.access.isOurOrigin(headers) &&
      this.access.isKnown(headers)
    if (!allowed) {
      // Taken off HTTP by the upgrade, it would keep the server from closing for as long as the other side leaves it open.
      socket.once('finish', () => socket.destroy())
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    this.server.handleUpgrade(request, socket, head, (line) => this.serve(line))
  }

  close(): void {
    for (const line of this.server.clients) line.terminate()
    this.server.close()
  }

  private serve(line: WebSocket): void {
    const send = (message: SocketMessage): void => {
      if (line.readyState !== line.OPEN) return
      if (line.bufferedAmount > mostUnsent) line.terminate()
      else line.send(JSON.stringify(message))
    }
    const unsubscribe = this.services.subscribe((event) => send({ event }))
    line.on('close', unsubscribe)
    // A broken line closes; there is nothing else to do about it.
    line.on('error', () => undefined)
    line.on('message', (data, isBinary) => {
      const request = isBinary ? null : parseRequest(data)
      if (!request) {
        line.close(1008, 'not a request')
        return
      }
      this.services.dispatch(request.name, request.input).then(
        (reply) => send({ id: request.id, reply }),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error)
          send({ id: request.id, reply: { ok: false, error: new GraftError('internal', message).toWire() } })
        },
      )
    })
  }
}

function parseRequest(data: RawData): { id: number; name: string; input: unknown } | null {
  try {
    const parsed = socketRequest.safeParse(JSON.parse(data.toString()))
    return parsed.success ? { ...parsed.data, input: parsed.data.input } : null
  } catch {
    return null
  }
}
