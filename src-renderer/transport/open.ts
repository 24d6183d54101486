import { bridgeTransport } from './bridge'
import { socketTransport } from './socket'
import { type WindowTransport } from './transport'

/** The preload's bridge in Electron, else the server that this page came from. */
export function openTransport(): WindowTransport {
  return window.graft ? bridgeTransport(window.graft) : socketTransport(window.location.origin)
}
