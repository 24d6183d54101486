import { GraftError, type Handlers } from '../../contract'
import { type DesktopPort } from '../desktop'
import { type Workbench } from '../workbench'

export function desktopHandlers({ options }: Workbench): Handlers['desktop'] {
  const requireDesktop = (): DesktopPort => {
    if (options.desktop) return options.desktop
    throw new GraftError(
      'invalid-request',
      'This window runs in a browser and cannot show dialogs of the desktop.',
      'Type the path, or drop the file on the window.',
    )
  }
  return {
    chooseFile: async ({ title, extensions }) => ({
      path: await requireDesktop().chooseFile(title, extensions),
    }),
    chooseFolder: async ({ title, create, defaultPath }) => ({
      path: await requireDesktop().chooseFolder(title, create, defaultPath),
    }),
    showInFolder: async ({ path }) => {
      requireDesktop().showInFolder(path)
      return {}
    },
  }
}
