import { findRequest, GraftError, type Handlers, type Reply, toGraftError } from '../contract'

/** Answers requests by name: the one gate through which every message passes, whichever way it came. */
export type Dispatch = (name: unknown, input: unknown) => Promise<Reply>

/** Where a value departs from its schema, as `settings.epochs: Invalid input`. */
export function describeIssues(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message))
    .join('; ')
}

/** The contract's table was asked first, so the name is one of its own. */
function findHandler(handlers: Handlers, name: string): unknown {
  const [noun = '', verb = ''] = name.split('.')
  const verbs: unknown = Reflect.get(handlers, noun)
  return typeof verbs === 'object' && verbs !== null ? Reflect.get(verbs, verb) : undefined
}

/** Validates the input against the contract, runs the handler and turns whatever it throws into data. */
export function createDispatch(handlers: Handlers, onInternal: (error: unknown) => void): Dispatch {
  return async (name, input) => {
    try {
      const request = typeof name === 'string' ? findRequest(name) : null
      if (typeof name !== 'string' || !request)
        throw new GraftError('invalid-request', `There is no request ${JSON.stringify(name)}.`)
      const parsed = request.input.safeParse(input)
      if (!parsed.success)
        throw new GraftError('invalid-request', `${name}: ${describeIssues(parsed.error.issues)}`, '', {
          issues: parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
        })
      const handler = findHandler(handlers, name)
      if (typeof handler !== 'function') throw new GraftError('internal', `Request ${name} has no handler.`)
      return { ok: true, value: await handler(parsed.data) }
    } catch (thrown) {
      const error = toGraftError(thrown)
      if (error.code === 'internal') onInternal(thrown)
      return { ok: false, error: error.toWire() }
    }
  }
}
