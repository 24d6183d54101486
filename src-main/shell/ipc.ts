import { type BrowserWindow, ipcMain, type IpcMainInvokeEvent } from 'electron'
import { type EventMessage, GraftError, type Reply } from '../contract'
import { type Dispatch } from '../services/dispatch'
import { isAppUrl } from './navigationPolicy'

export interface IpcServices {
  readonly dispatch: Dispatch
  readonly subscribe: (listener: (message: EventMessage) => void) => () => void
}

/** The contract over Electron's IPC. Windows are connected one by one, and everyone else is refused. */
export class IpcTransport {
  private readonly windows = new Set<BrowserWindow>()

  constructor(private readonly services: IpcServices) {
    ipcMain.handle('graft:invoke', (event, name: unknown, input: unknown) => this.answer(event, name, input))
  }

  /** Lets a window ask, and tells it every event until it is closed. */
  connect(window: BrowserWindow): void {
    this.windows.add(window)
    const unsubscribe = this.services.subscribe((message) => {
      if (!window.isDestroyed()) window.webContents.send('graft:event', message)
    })
    window.once('closed', () => {
      unsubscribe()
      this.windows.delete(window)
    })
  }

  close(): void {
    ipcMain.removeHandler('graft:invoke')
  }

  private async answer(event: IpcMainInvokeEvent, name: unknown, input: unknown): Promise<Reply> {
    if (this.isOurs(event)) return this.services.dispatch(name, input)
    return {
      ok: false,
      error: new GraftError('invalid-request', 'This page may not ask anything of Graft.').toWire(),
    }
  }

  /** The main frame of one of our windows, showing our own page: no frame in it, and nothing it was led to. */
  private isOurs({ sender, senderFrame }: IpcMainInvokeEvent): boolean {
    if (!senderFrame || !isAppUrl(senderFrame.url)) return false
    return [...this.windows].some(
      ({ webContents }) => webContents === sender && isMainFrame(webContents.mainFrame, senderFrame),
    )
  }
}

/** Frames are compared by their routing: Electron may hand out several objects for one frame. */
function isMainFrame(
  main: { processId: number; routingId: number },
  frame: { processId: number; routingId: number },
): boolean {
  return main.processId === frame.processId && main.routingId === frame.routingId
}
