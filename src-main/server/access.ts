import { randomBytes, timingSafeEqual } from 'node:crypto'
import { type IncomingHttpHeaders } from 'node:http'

/**
 * Who may ask. The server listens on 127.0.0.1 only, but every page in the person's browser can reach that: so the
 * window is let in by a token that is printed once, and is known from then on by a cookie that scripts cannot read;
 * `Host` must be ours, which a rebound DNS name is not; `Origin` must be ours, which another page's is not.
 */
export class Access {
  private token: string | null = randomBytes(32).toString('base64url')
  private readonly session = randomBytes(32).toString('base64url')
  private readonly cookie: string
  readonly hosts: readonly string[]

  constructor(private readonly port: number) {
    // Cookies know no ports: two servers on one machine must not share a name.
    this.cookie = `graft-${port}`
    this.hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  }

  /** The address to open; its token lets one browser in. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/?token=${this.token ?? ''}`
  }

  /** Origins of our own pages. */
  get sockets(): string[] {
    return this.hosts.map((host) => `ws://${host}`)
  }

  isOurHost(headers: IncomingHttpHeaders): boolean {
    return headers.host !== undefined && this.hosts.includes(headers.host.toLowerCase())
  }

  /** For requests that change something: they must name their origin, and it must be the very host they ask. */
  isOurOrigin(headers: IncomingHttpHeaders): boolean {
    return (
      headers.origin !== undefined && headers.origin.toLowerCase() === `http://${headers.host?.toLowerCase()}`
    )
  }

  /** Whether the request carries the cookie that the token was exchanged for. */
  isKnown(headers: IncomingHttpHeaders): boolean {
    const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='))
    return pairs.some(([name, value]) => name === this.cookie && equal(value ?? '', this.session))
  }

  /** Exchanges the token for the cookie, once. @returns the `Set-Cookie` header, or null for a wrong or used token */
  redeem(token: string): string | null {
    if (this.token === null || !equal(token, this.token)) return null
    this.token = null
    return `${this.cookie}=${this.session}; HttpOnly; SameSite=Strict; Path=/`
  }
}

/** Path and query of a request. `//name` is a path here, and not another host as it would be in a link. */
export function requestUrl(target: string | undefined): URL {
  return new URL(`http://localhost${target?.startsWith('/') ? target : '/'}`)
}

/** Takes the same time whatever is wrong. */
function equal(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
