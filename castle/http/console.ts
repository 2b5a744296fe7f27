// The console's built page, served from its folder: precompressed where the build made that, cached for good where the name has
// a hash of the content, and index.html for every address of the page's own. Only files that lie in the folder itself are
// served, by a list of them: no dotted name, no link out of it, whatever a path looks like.
import { readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Clock } from '@castellan/protocol/runtime'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CastleError, messageOf } from '../errors.ts'

/** What the page may load and do: its own files and API. antd writes its styles into the page at run time. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** As Vite names what it builds: name-hash.ext. */
const hashed = /^assets\/.+-[\w-]{8}\.\w+$/
const compressed = /\.(?:br|gz|zst)$/
/** A build may come while Castle runs: its files are looked for, at most so often. */
const lookAgainMs = 1_000
const filesMax = 10_000

/** Serves the page. Throws CONFIG_WRONG when there is none in the folder. */
export async function serveConsole(app: FastifyInstance, folder: string, clock: Clock): Promise<void> {
  const files = new Files(folder, clock)
  if (!files.has('index.html')) {
    throw new CastleError('CONFIG_WRONG', `console.dir is '${folder}', but there is no index.html in it`, {
      next: 'Build the console (npm run build), name the folder it was built into, or leave console.dir empty.',
    })
  }
  // Loaded only where there is a page to serve.
  const { default: fastifyStatic } = await import('@fastify/static')
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: true,
    index: ['index.html'],
    preCompressed: true,
    cacheControl: false,
    dotfiles: 'ignore',
    schemaHide: true,
    allowedPath: (path) => files.has(path.replace(/^\/+/, '') || 'index.html'),
    setHeaders: (reply, path) => {
      const name = relative(folder, path).split(sep).join('/').replace(compressed, '')
      reply.header('cache-control', hashed.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache')
      reply.header('content-security-policy', contentSecurityPolicy)
      reply.header('referrer-policy', 'no-referrer')
      reply.header('cross-origin-opener-policy', 'same-origin')
    },
  })
}

/** Whether a request that nothing answers is for an address of the page, which finds its way by itself. */
export function isForPage({ method, url, headers }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const [path = '/'] = url.split('?')
  if (/^\/(?:api|link|metrics|heartbeat)(?:\/|$)/.test(path) || hashed.test(path.slice(1))) return false
  return headers.accept?.includes('text/html') === true
}

export function sendPage(reply: FastifyReply): FastifyReply {
  return reply.sendFile('index.html')
}

/** The plain files below a folder, by their path in it. */
class Files {
  readonly #folder: string
  readonly #clock: Clock
  #names: ReadonlySet<string> = new Set()
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  has(name: string): boolean {
    if (this.#names.has(name)) return true
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#lookedMs < lookAgainMs) return false
    this.#lookedMs = nowMs
    this.#names = new Set(this.#list())
    return this.#names.has(name)
  }

  /** Links are not followed, to files nor to folders (as readdir's own recursion would). */
  #list(): string[] {
    const names: string[] = []
    const folders = ['']
    for (let at = folders.pop(); at !== undefined && names.length < filesMax; at = folders.pop()) {
      for (const entry of this.#entries(at)) {
        const name = at + entry.name
        if (entry.name.startsWith('.')) continue
        if (entry.isDirectory()) folders.push(`${name}/`)
        else if (entry.isFile()) names.push(name)
      }
    }
    return names
  }

  #entries(folder: string) {
    try {
      return readdirSync(join(this.#folder, folder), { withFileTypes: true })
    } catch (cause) {
      // It may be built anew just now: what it has is looked for again.
      if (this.#names.size > 0) return []
      const message = `console.dir is '${this.#folder}', which cannot be read: ${messageOf(cause)}`
      throw new CastleError('CONFIG_WRONG', message, { cause })
    }
  }
}
