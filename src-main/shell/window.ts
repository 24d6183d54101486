import { BrowserWindow, nativeTheme } from 'electron'
import { appUrl } from './navigationPolicy'
import { type WindowStateFile } from './windowState'

/** The page's own backgrounds (`--ground` of its tokens), so that nothing flashes before it is drawn. */
const background = (): string => (nativeTheme.shouldUseDarkColors ? '#0f1114' : '#f4f5f7')

/** Opens the window where it was last; it shows when its first frame is drawn. */
export function openWindow(preload: string, icon: string, state: WindowStateFile): BrowserWindow {
  const place = state.visibleBounds()
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 900,
    minHeight: 600,
    ...(place ?? {}),
    title: 'Graft',
    icon,
    show: false,
    backgroundColor: background(),
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      navigateOnDragDrop: false,
    },
  })
  if (state.current.maximized) window.maximize()
  state.follow(window)
  window.once('ready-to-show', () => window.show())
  const followTheme = (): void => window.setBackgroundColor(background())
  nativeTheme.on('updated', followTheme)
  window.once('closed', () => nativeTheme.off('updated', followTheme))
  void window.loadURL(appUrl)
  return window
}
