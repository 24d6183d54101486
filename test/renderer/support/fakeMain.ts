import {
  findRequest,
  GraftError,
  toGraftError,
  type EventMessage,
  type Reply,
} from '../../../src-main/contract'
import { setTransport } from '../../../src-renderer/api'
import { type LineChange } from '../../../src-renderer/transport/transport'

type Answer = (input: unknown) => unknown
/** An event without its number, which the fake gives. */
type Fact = EventMessage extends infer M ? (M extends EventMessage ? Omit<M, 'sequence'> : never) : never

/** Main's side of the contract for tests: scripted answers, events on demand, and every request held against the contract. */
export interface FakeMain {
  readonly calls: { name: string; input: unknown }[]
  answer(name: string, answer: Answer): void
  emit(fact: Fact): void
  line(change: LineChange): void
}

export function fakeMain(firstSequence = 11): FakeMain {
  const answers = new Map<string, Answer>()
  const listeners = new Set<(message: EventMessage) => void>()
  const lines = new Set<(change: LineChange) => void>()
  const calls: { name: string; input: unknown }[] = []
  let sequence = firstSequence

  const respond = async (name: string, input: unknown): Promise<Reply> => {
    calls.push({ name, input })
    const request = findRequest(name)
    if (!request) throw new Error(`${name} is not in the contract`)
    const parsed = request.input.parse(input)
    const answer = answers.get(name)
    if (!answer) throw new Error(`the test does not say how ${name} answers`)
    try {
      return { ok: true, value: request.output.parse(await answer(parsed)) }
    } catch (thrown) {
      if (thrown instanceof GraftError) return { ok: false, error: thrown.toWire() }
      throw toGraftError(thrown)
    }
  }

  setTransport({
    invoke: respond,
    on: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onConnection: (listener) => {
      lines.add(listener)
      return () => lines.delete(listener)
    },
    pathOf: (file) => Promise.resolve(`/dropped/${file.name}`),
    pathOfFolder: ({ file }) => Promise.resolve(`/dropped/${file.name}`),
  })

  return {
    calls,
    answer: (name, answer) => answers.set(name, answer),
    emit: (fact) => {
      const message: EventMessage = { sequence: sequence++, ...fact }
      for (const listener of listeners) listener(message)
    },
    line: (change) => {
      for (const listener of lines) listener(change)
    },
  }
}
