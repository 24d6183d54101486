import { contextBridge, ipcRenderer, type IpcRendererEvent, webUtils } from 'electron'
import type { EventMessage, Reply } from './contract'

/** All that the sandboxed window gets: requests, events, and the path of a dropped file. */
contextBridge.exposeInMainWorld('graft', {
  invoke: (name: string, input: unknown): Promise<Reply> => ipcRenderer.invoke('graft:invoke', name, input),
  on: (listener: (message: EventMessage) => void): (() => void) => {
    const forward = (_event: IpcRendererEvent, message: EventMessage): void => listener(message)
    ipcRenderer.on('graft:event', forward)
    return () => ipcRenderer.off('graft:event', forward)
  },
  // Electron before 29 has no webUtils; there a file carries its path itself.
  pathOf: (file: File & { path?: string }): string => file.path ?? webUtils.getPathForFile(file),
})
