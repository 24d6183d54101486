import { z } from 'zod'
import { type EventMessage } from './events'
import { GraftError, wireError } from './errors'
import { type Client } from './requests'

/** An answer as it crosses the wire, over either transport. */
export const reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireError }),
])
export type Reply = z.infer<typeof reply>

/** What a transport gives to the renderer: the preload's bridge, or a WebSocket. */
export interface Transport {
  invoke(name: string, input: unknown): Promise<Reply>
  /** Calls back with every event; returns the function that ends it. */
  on(listener: (message: EventMessage) => void): () => void
}

/**
 * The typed client over a transport. Names come from property access, so nothing is written twice. Main validated
 * the values against the contract; errors are rebuilt as `GraftError`.
 */
export function createClient(transport: Pick<Transport, 'invoke'>): Client {
  const call = async (name: string, input: unknown): Promise<unknown> => {
    const answer = reply.parse(await transport.invoke(name, input))
    if (!answer.ok) throw GraftError.fromWire(answer.error)
    return answer.value
  }
  const verbs = (noun: string): object =>
    new Proxy({}, { get: (_target, verb) => (input: unknown) => call(`${noun}.${String(verb)}`, input) })
  // The one place where the table's types meet names made at run time: the proxy has every noun and verb of it.
  return new Proxy({}, { get: (_target, noun) => verbs(String(noun)) }) as Client
}

/** Where served mode answers: the WebSocket of the contract, and dropped files (`POST`, `?name=`, also `beside` and `under`, the bytes as body). */
export const servedPaths = { socket: '/socket', upload: '/upload' } as const

/** A frame from the browser window: one request, answered by a frame with the same id. */
export const socketRequest = z.object({ id: z.int(), name: z.string(), input: z.unknown() })
export type SocketRequest = z.infer<typeof socketRequest>

const anyEvent = z.custom<EventMessage>(
  (value) =>
    typeof value === 'object' && value !== null && 'sequence' in value && 'name' in value && 'data' in value,
)

/** A frame to the browser window: the answer to a request, or an event. */
export const socketMessage = z.union([z.object({ id: z.int(), reply }), z.object({ event: anyEvent })])
export type SocketMessage = z.infer<typeof socketMessage>

/** The answer to an upload: where the file lies now. */
export const uploadReply = z.object({ path: z.string() })
