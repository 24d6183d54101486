import { type BrowserWindow, dialog, type OpenDialogOptions, shell } from 'electron'
import { toGraftError } from '../contract'
import { type DesktopPort } from '../services/desktop'

/** Native dialogs over the window that asks, or free-standing while there is none. */
export function electronDesktop(window: () => BrowserWindow | null): DesktopPort {
  const choose = async (options: OpenDialogOptions): Promise<string | null> => {
    const parent = window()
    const { canceled, filePaths } = parent
      ? await dialog.showOpenDialog(parent, options)
      : await dialog.showOpenDialog(options)
    return canceled ? null : (filePaths[0] ?? null)
  }
  return {
    chooseFile: (title, extensions) =>
      choose({
        title,
        properties: ['openFile'],
        filters:
          extensions.length > 0
            ? [
                {
                  name: extensions.map((extension) => `.${extension}`).join(', '),
                  extensions: [...extensions],
                },
                { name: 'All files', extensions: ['*'] },
              ]
            : [],
      }),
    chooseFolder: (title, create, defaultPath) =>
      choose({
        title,
        properties: create ? ['openDirectory', 'createDirectory'] : ['openDirectory'],
        ...(defaultPath === null ? {} : { defaultPath }),
      }),
    showInFolder: (path) => shell.showItemInFolder(path),
  }
}

/** Tells of a failure for which no place in the window is at fault. */
export async function showFailure(window: BrowserWindow | null, thrown: unknown): Promise<void> {
  const { message, hint } = toGraftError(thrown)
  const options = { type: 'error' as const, message, detail: hint, buttons: ['OK'] }
  await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
}

/** Asks whether to close although edits could not be saved. */
export async function askToLoseEdits(window: BrowserWindow, thrown: unknown): Promise<boolean> {
  const { message, hint } = toGraftError(thrown)
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message: 'The last edits could not be saved.',
    detail: `${message}\n${hint}`,
    buttons: ['Keep open', 'Close and lose them'],
    defaultId: 0,
    cancelId: 0,
  })
  return response === 1
}
