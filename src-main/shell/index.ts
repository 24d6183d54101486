import { join } from 'node:path'
import { app, type BrowserWindow, nativeTheme, session } from 'electron'
import { type Client, type EventMessage } from '../contract'
import { type Dispatch } from '../services/dispatch'
import { type DesktopPort } from '../services/desktop'
import { type ForkTrainer } from '../training/worker'
import { declareAppProtocol, serveAppProtocol } from './appProtocol'
import { projectArgument } from './arguments'
import { askToLoseEdits, electronDesktop, showFailure } from './dialogs'
import { IpcTransport } from './ipc'
import { setMenu } from './menu'
import { guardNavigation, guardPermissions } from './navigationGuard'
import { electronTrainer } from './trainer'
import { openWindow } from './window'
import { WindowStateFile } from './windowState'

/** What the shell brings to the composition: the parts that only Electron has. */
export interface ShellPorts {
  readonly desktop: DesktopPort
  readonly fork: ForkTrainer
}

/** The services behind the window, once they are composed. */
export interface ShellServices {
  readonly dispatch: Dispatch
  readonly client: Client
  readonly subscribe: (listener: (message: EventMessage) => void) => () => void
  /** Opens the project that a start or a second start names, or what was open last. */
  readonly openProject: (path: string | null) => Promise<void>
  /** Writes what is not on disk yet; throws where that fails. */
  readonly save: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface ShellOptions {
  /** The application's own folder. */
  readonly root: string
  /** Built files: the window's folder, the preload and trainer bundles, the icon. */
  readonly renderer: string
  readonly preload: string
  readonly trainer: string
  readonly icon: string
  /** The person's own folder. */
  readonly home: string
  readonly compose: (ports: ShellPorts) => ShellServices
}

/** Runs the desktop application: one process, one window, until it is closed. */
export function runShell(options: ShellOptions): void {
  // Chromium's own files go to the person's folder too; the lock below is by that folder.
  app.setPath('userData', join(options.home, 'chromium'))
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  declareAppProtocol()
  guardNavigation()
  let window: BrowserWindow | null = null
  const attempt = (work: () => Promise<unknown>): void => {
    work().catch((error: unknown) => showFailure(window, error))
  }
  void app.whenReady().then(() => {
    serveAppProtocol(options.renderer)
    guardPermissions(session.defaultSession)
    const state = new WindowStateFile(options.home)
    nativeTheme.themeSource = state.current.theme
    const services = options.compose({
      desktop: electronDesktop(() => window),
      fork: electronTrainer(options.trainer),
    })
    const transport = new IpcTransport(services)
    setMenu({ client: services.client, state, attempt })
    const show = (): void => {
      window = openWindow(options.preload, options.icon, state)
      transport.connect(window)
      closeWhenSaved(window, services.save)
      window.once('closed', () => (window = null))
    }
    show()
    attempt(() => services.openProject(projectArgument(process.argv, process.cwd(), options.root)))
    app.on('activate', () => {
      if (!window) show()
    })
    app.on('second-instance', (_event, argv, folder) => {
      const path = projectArgument(argv, folder, options.root)
      if (path !== null) attempt(() => services.openProject(path))
      if (window?.isMinimized()) window.restore()
      window?.focus()
    })
    quitCleanly(services.close)
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
}

/** A window closes once everything is on disk, or when the person would rather lose it. */
function closeWhenSaved(window: BrowserWindow, save: () => Promise<void>): void {
  let mayClose = false
  let quitting = false
  const noteQuit = (): void => void (quitting = true)
  app.on('before-quit', noteQuit)
  window.once('closed', () => app.off('before-quit', noteQuit))
  const close = (): void => {
    mayClose = true
    window.close()
    if (quitting) app.quit()
  }
  window.on('close', (event) => {
    if (mayClose) return
    event.preventDefault()
    save().then(close, async (error: unknown) => {
      if (await askToLoseEdits(window, error)) close()
      else quitting = false
    })
  })
}

/** Waits for the last save and for a run to keep what it learnt; what takes longer than that is left. */
function quitCleanly(close: () => Promise<void>): void {
  let closed = false
  app.on('will-quit', (event) => {
    if (closed) return
    event.preventDefault()
    const patience = new Promise((resolve) => setTimeout(resolve, 12_000))
    void Promise.race([close().catch(() => undefined), patience]).then(() => {
      closed = true
      app.quit()
    })
  })
}
