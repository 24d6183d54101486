import { app, Menu, type MenuItemConstructorOptions, nativeTheme, shell } from 'electron'
import { type Client } from '../contract'
import { type WindowStateFile } from './windowState'

const guide = 'https://github.com/NVIDIA-Merlin/models#readme'

export interface MenuServices {
  readonly client: Client
  readonly state: WindowStateFile
  /** Runs what a menu entry asked for and tells of its failure. */
  readonly attempt: (work: () => Promise<unknown>) => void
}

/** The application's menus. What they do goes through the same requests as the window's buttons. */
export function setMenu({ client, state, attempt }: MenuServices): void {
  const isMac = process.platform === 'darwin'
  const openProject = async (): Promise<void> => {
    const { path } = await client.desktop.chooseFolder({
      title: 'Open project',
      create: false,
      defaultPath: null,
    })
    if (path !== null) await client.project.open({ path })
  }
  const theme = (name: 'system' | 'light' | 'dark', label: string): MenuItemConstructorOptions => ({
    label,
    type: 'radio',
    checked: state.current.theme === name,
    click: () => {
      nativeTheme.themeSource = name
      state.update({ theme: name })
    },
  })
  const template: MenuItemConstructorOptions[] = [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open project…', accelerator: 'CmdOrCtrl+O', click: () => attempt(openProject) },
        { label: 'Close project', click: () => attempt(() => client.project.close({})) },
        { type: 'separator' },
        { role: isMac ? 'close' : 'quit' },
      ],
    },
    {
      label: '&Edit',
      submenu: [
        // The keys stay with the window: in a text field they are the field's own undo.
        {
          label: 'Undo',
          accelerator: 'CmdOrCtrl+Z',
          registerAccelerator: false,
          click: () => attempt(() => client.project.undo({})),
        },
        {
          label: 'Redo',
          accelerator: isMac ? 'Cmd+Shift+Z' : 'Ctrl+Y',
          registerAccelerator: false,
          click: () => attempt(() => client.project.redo({})),
        },
        { type: 'separator' },
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: '&View',
      submenu: [
        {
          label: 'Theme',
          submenu: [theme('system', 'System'), theme('light', 'Light'), theme('dark', 'Dark')],
        },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        { type: 'separator' },
        { role: 'reload' },
        { role: 'toggleDevTools' },
      ],
    },
    {
      role: 'help',
      submenu: [
        { label: `Graft ${app.getVersion()}`, enabled: false },
        { label: 'Merlin Models', click: () => attempt(() => shell.openExternal(guide)) },
      ],
    },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
