import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { GraftError, servedPaths, toGraftError } from '../contract'
import { readAsset } from '../web/assets'
import { securityHeaders } from '../web/contentPolicy'
import { Access, requestUrl } from './access'
import { SocketTransport, type SocketServices } from './socket'
import { Uploads } from './uploads'

export interface ServeOptions extends SocketServices {
  /** Folder of the built window. */
  readonly renderer: string
  /** The port to try first; 0 for any. */
  readonly port: number
}

export interface RunningServer {
  /** Opens the workbench in a browser, once. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const portsTried = 50

/**
 * Serves the workbench to a browser on this machine alone.
 * @throws GraftError `busy` where neither the port nor the next ones are free
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const server = createServer()
  const port = await listen(server, options.port)
  const access = new Access(port)
  const uploads = new Uploads()
  const sockets = new SocketTransport(access, options)
  server.on('request', (request, response) => {
    answer(request, response, { access, uploads, renderer: options.renderer }).catch((thrown: unknown) => {
      const error = toGraftError(thrown)
      sendJson(response, error.code === 'internal' ? 500 : 400, { ok: false, error: error.toWire() })
    })
  })
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))
  return {
    url: access.url,
    port,
    close: async () => {
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await uploads.close()
    },
  }
}

/** Takes the port, or the next one that is free. */
async function listen(server: Server, first: number): Promise<number> {
  for (let port = first; port < first + portsTried; port += 1) {
    const taken = await new Promise<Error | null>((resolve) => {
      server.once('error', resolve)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', resolve)
        resolve(null)
      })
    })
    if (!taken) return (server.address() as AddressInfo).port
    const code = 'code' in taken ? taken.code : ''
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw taken
  }
  throw new GraftError(
    'busy',
    `Ports ${first} to ${first + portsTried - 1} are all in use.`,
    'Choose another with --port.',
  )
}

interface Context {
  readonly access: Access
  readonly uploads: Uploads
  readonly renderer: string
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { access, uploads, renderer } = context
  const { headers, method } = request
  for (const [name, value] of Object.entries(securityHeaders(access.sockets))) response.setHeader(name, value)
  if (!access.isOurHost(headers)) return refuse(response, 'This address is not the one that Graft printed.')
  const url = requestUrl(request.url)
  const token = url.searchParams.get('token')
  if (method === 'GET' && url.pathname === '/' && token !== null && !access.isKnown(headers))
    return redeem(response, access.redeem(token))
  if (!access.isKnown(headers))
    return refuse(response, 'Open Graft by the link that it printed; each link works once.')
  if (method === 'POST' && url.pathname === servedPaths.upload) {
    if (!access.isOurOrigin(headers)) return refuse(response, 'This page may not send files.')
    const { searchParams } = url
    const place = { beside: searchParams.get('beside'), under: searchParams.get('under') }
    const path = await uploads.receive(searchParams.get('name') ?? '', request, place)
    return sendJson(response, 200, { path })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end()
    return
  }
  const asset = await readAsset(renderer, url.pathname)
  if (!asset) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, {
    'Content-Type': asset.type,
    'Content-Length': asset.body.byteLength,
    'Cache-Control': asset.immutable ? 'private, max-age=31536000, immutable' : 'no-store',
  })
  response.end(method === 'HEAD' ? undefined : asset.body)
}

/**
 * Lets a browser in. The page that follows is asked for by a page of our own and not by a redirect: after a click in
 * another site's page the browser would hold back a SameSite=Strict cookie from the redirect.
 */
function redeem(response: ServerResponse, cookie: string | null): void {
  if (cookie === null)
    return refuse(response, 'This link was used already, or is not the one that Graft printed.')
  response.writeHead(200, {
    'Set-Cookie': cookie,
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
  })
  response.end(
    '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><meta http-equiv="refresh" content="0;url=/"><title>Graft</title>',
  )
}

function refuse(response: ServerResponse, why: string): void {
  response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`${why}\n`)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  })
  response.end(JSON.stringify(body))
}
