import { createClient, GraftError, type Client, type EventMessage } from '../src-main/contract'
import { type DroppedFolder, type LineChange, type WindowTransport } from './transport/transport'

let transport: WindowTransport | null = null

/** Sets what carries requests and events: the preload's bridge, a WebSocket, or a test's stand-in. */
export function setTransport(next: WindowTransport): void {
  transport = next
}

function current(): WindowTransport {
  if (!transport) throw new GraftError('internal', 'The window has no connection to Graft.', 'Restart Graft.')
  return transport
}

/** Everything that can be asked of main: `api.project.open({ path })`. Rejects with `GraftError`. */
export const api: Client = createClient({ invoke: (name, input) => current().invoke(name, input) })

/** Calls back with every event of main; returns the function that ends it. */
export function onEvent(listener: (message: EventMessage) => void): () => void {
  return current().on(listener)
}

/** Calls back when the line to main opens, is lost, or is refused for good. */
export function onConnection(listener: (change: LineChange) => void): () => void {
  return current().onConnection(listener)
}

/**
 * The path of a dropped or chosen file on main's machine; in served mode the file is uploaded there first.
 * @param beside the path of a file that this one belongs to: they then lie in one folder
 */
export function pathOf(file: File, beside?: string): Promise<string> {
  return current().pathOf(file, beside)
}

/**
 * The path of a dropped folder on main's machine; in served mode all that is in it is uploaded there first.
 * @param told called with files sent and files in all, where they have to be
 */
export function pathOfFolder(
  folder: DroppedFolder,
  told: (sent: number, all: number) => void,
): Promise<string> {
  return current().pathOfFolder(folder, told)
}
