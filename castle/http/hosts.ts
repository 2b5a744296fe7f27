// Whom a request means to speak to, and whose page sent it. A page of another site can let its own name point at this machine (DNS rebinding), and
// its requests are then of one origin with Castle for the browser that shows it: only the Host header gives it away.
import type { IncomingHttpHeaders } from 'node:http'
import type { CastleConfig } from '../config.ts'
import { CastleError } from '../errors.ts'

type HostSettings = Pick<CastleConfig, 'listen' | 'insecure'>

/** Why a request with this Host header is refused; undefined: it may come in. Without a header it is from no browser. */
export function refuseHost(header: string | undefined, { listen, insecure }: HostSettings): CastleError | undefined {
  if (insecure || header === undefined) return undefined
  const name = hostName(header)
  if (name !== undefined && (name === listen.host.toLowerCase() || isLoopback(name))) return undefined
  return new CastleError('HOST_UNKNOWN', `this Castle does not answer to the host '${header.slice(0, 300)}'`, {
    params: { host: header.slice(0, 300) },
  })
}

/**
 * Why a request with these headers is refused; undefined: it may come in. A page of another site must not act for the person
 * whose browser shows it. Programs that are no browser send neither header.
 */
export function refuseForeign(headers: IncomingHttpHeaders): CastleError | undefined {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  const isForeign =
    (origin !== undefined && !isOriginOf(origin, host)) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none')
  if (!isForeign) return undefined
  const params = { origin: (origin ?? String(site)).slice(0, 300) }
  return new CastleError('ORIGIN_FOREIGN', `pages of '${params.origin}' may not do that`, { params })
}

export function isOriginOf(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host
}

/** Without the port, whatever it is: another one may lead here, as through a tunnel. */
function hostName(header: string): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?$/i.exec(header)
  return (found?.[1] ?? found?.[2])?.toLowerCase()
}

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name)
}
