/** The decisions about where the window may go; `navigationGuard.ts` puts them into effect. Pure. */

export const appScheme = 'app'
export const appHost = 'graft'
export const appUrl = `${appScheme}://${appHost}/index.html`

/** Whether a URL is a page of ours. Only these may be navigated to, and only these may send requests. */
export function isAppUrl(url: string): boolean {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return false
  }
  // `origin` is "null" for schemes that Node does not know, so scheme and host are compared.
  return (
    parsed.protocol === `${appScheme}:` &&
    parsed.host === appHost &&
    parsed.username === '' &&
    parsed.password === ''
  )
}

/** The page loads once and is one page: reloading it is fine, going elsewhere is not. */
export function mayNavigate(url: string): boolean {
  return isAppUrl(url)
}

/** No page opens windows: what should open outside is asked for from main. */
export function mayOpenWindow(_url: string): boolean {
  return false
}

/** Copying a snippet is the one thing for which the page needs a permission of the browser. */
export function mayUse(permission: string): boolean {
  return permission === 'clipboard-sanitized-write'
}
