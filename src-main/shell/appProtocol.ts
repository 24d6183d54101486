import { protocol } from 'electron'
import { readAsset } from '../web/assets'
import { securityHeaders } from '../web/contentPolicy'
import { appHost, appScheme } from './navigationPolicy'

/** Must be called before the application is ready: makes `app://graft` an origin like any on the web. */
export function declareAppProtocol(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: appScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ])
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: Uint8Array
}

async function answer(root: string, url: string): Promise<Answer> {
  const { host, pathname } = new URL(url)
  const asset = host === appHost ? await readAsset(root, pathname) : null
  const headers = securityHeaders()
  if (!asset) return { status: 404, headers, body: new Uint8Array() }
  return { status: 200, headers: { ...headers, 'Content-Type': asset.type }, body: asset.body }
}

/** Serves the window's files under `app://graft/`. */
export function serveAppProtocol(root: string): void {
  // Electron before 25 has no `handle`.
  if (typeof protocol.handle === 'function') {
    protocol.handle(appScheme, async ({ url }) => {
      const { status, headers, body } = await answer(root, url)
      return new Response(new Uint8Array(body), { status, headers })
    })
    return
  }
  protocol.registerBufferProtocol(appScheme, (request, callback) => {
    answer(root, request.url).then(
      ({ status, headers, body }) =>
        callback({
          statusCode: status,
          headers,
          mimeType: (headers['Content-Type'] ?? 'text/plain').split(';')[0],
          charset: 'utf-8',
          data: Buffer.from(body),
        }),
      () => callback({ statusCode: 500 }),
    )
  })
}
