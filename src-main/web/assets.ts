import { readFile } from 'node:fs/promises'
import { extname, join, resolve, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.map': 'application/json; charset=utf-8',
}

export interface Asset {
  readonly body: Uint8Array
  readonly type: string
  /** Vite puts a hash of the content into the names of these: they never change. */
  readonly immutable: boolean
}

/**
 * Reads a file of the window for the path of a URL; null where there is none, or where the path would lead out of
 * the folder or to something that is no part of a page.
 */
export async function readAsset(root: string, urlPath: string): Promise<Asset | null> {
  let decoded: string
  try {
    decoded = decodeURIComponent(urlPath)
  } catch {
    return null
  }
  if (decoded.includes('\0') || decoded.includes('\\')) return null
  const folder = resolve(root)
  const file = join(folder, decoded === '/' || decoded === '' ? 'index.html' : decoded)
  if (!file.startsWith(folder + sep)) return null
  const type = types[extname(file).toLowerCase()]
  if (!type) return null
  try {
    const immutable = file.startsWith(join(folder, 'assets') + sep)
    return { body: await readFile(file), type, immutable }
  } catch {
    return null
  }
}
