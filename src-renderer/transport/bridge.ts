import { GraftError, reply } from '../../src-main/contract'
import { type WindowTransport } from './transport'

type Bridge = NonNullable<Window['graft']>

/** Electron: the preload's bridge. Its line cannot be lost while the window lives. */
export function bridgeTransport(bridge: Bridge): WindowTransport {
  const pathOf = (file: File): Promise<string> => {
    const path = bridge.pathOf(file)
    return path
      ? Promise.resolve(path)
      : Promise.reject(
          new GraftError('not-found', `${file.name} has no path on this machine.`, 'Save it first.'),
        )
  }
  return {
    invoke: async (name, input) => reply.parse(await bridge.invoke(name, plain(input))),
    on: (listener) => bridge.on(listener),
    onConnection: () => () => undefined,
    pathOf,
    pathOfFolder: ({ file }) => pathOf(file),
  }
}

/** Vue's reactive proxies cannot be cloned across the bridge; requests are plain JSON by contract. */
function plain(input: unknown): unknown {
  return JSON.parse(JSON.stringify(input))
}
