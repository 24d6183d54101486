import { app, type Session, type WebContents } from 'electron'
import { mayNavigate, mayOpenWindow, mayUse } from './navigationPolicy'

/** Puts the navigation policy into effect on everything that can show a page, now and later. */
export function guardNavigation(): void {
  app.on('web-contents-created', (_event, contents) => guard(contents))
}

function guard(contents: WebContents): void {
  const check = (event: { preventDefault(): void }, url: string): void => {
    if (!mayNavigate(url)) event.preventDefault()
  }
  contents.on('will-navigate', check)
  contents.on('will-redirect', check)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => ({ action: mayOpenWindow(url) ? 'allow' : 'deny' }))
}

/** Denies what pages may ask of the machine: camera, notifications, devices, … */
export function guardPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => answer(mayUse(permission)))
  session.setPermissionCheckHandler((_contents, permission) => mayUse(permission))
  session.setDevicePermissionHandler(() => false)
}
