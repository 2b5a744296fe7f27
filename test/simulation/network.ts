// A network of named hosts: byte connections and message links with delay, cuts (also one way) and resets.
//
// Model of TCP: what is sent arrives in order and in pieces of any size; while a way is cut, nothing moves along it and
// what was sent waits; a peer that dies by kill resets its connections, one that loses power leaves them silent.
import type {
  Address,
  Connection,
  ConnectionHandlers,
  Link,
  LinkHandlers,
  Listener,
  Network,
} from '@castellan/protocol/runtime'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export interface NetworkHost {
  readonly name: string
  readonly dead: boolean
}

const limits = { bufferedBytes: 1 << 20, roundTripRetryMs: 200 }

type OnConnection = (connection: Connection) => void
type OnLink = (link: Link) => void

export class SimNetwork {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #cuts = new Set<string>()
  readonly #slow = new Map<string, number>()
  readonly #listeners = new Map<string, { host: NetworkHost; onConnection?: OnConnection; onLink?: OnLink }>()
  readonly #pipes = new Set<Pipe>()
  #nextPort = 40_000

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#random = scheduler.random.fork()
  }

  // ------------------------------------------------------------ faults

  /** Nothing moves from one host to the other until `heal`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  healAll(): void {
    this.#cuts.clear()
    this.#slow.clear()
  }

  /** Adds up to `extraMs` to everything that goes from one host to the other. */
  delay(from: string, to: string, extraMs: number): void {
    this.#slow.set(`${from}>${to}`, extraMs)
  }

  /** Breaks every connection between two hosts: both sides see a reset. */
  reset(a: string, b: string): void {
    for (const pipe of [...this.#pipes]) {
      if (pipe.joins(a, b)) pipe.break('ECONNRESET')
    }
  }

  /** The process on a host is gone. Its system says so to the peers (kill), or nobody does (power). */
  died(host: NetworkHost, how: 'kill' | 'power'): void {
    for (const [key, listener] of [...this.#listeners]) if (listener.host === host) this.#listeners.delete(key)
    for (const pipe of [...this.#pipes]) pipe.endDied(host, how)
  }

  // ------------------------------------------------------------ one host's view

  of(host: NetworkHost): Network {
    return {
      listen: (address, onConnection) => this.#listen(host, address, { onConnection }),
      connect: (address, { timeoutMs }) =>
        this.#open(host, address, timeoutMs, 'onConnection').then((pipe) => pipe.connection(host)),
      dial: (url, { timeoutMs }) => {
        const { hostname, port } = new URL(url)
        return this.#open(host, { host: hostname, port: Number(port) }, timeoutMs, 'onLink').then((pipe) => pipe.link(host))
      },
    }
  }

  /** What Castle's WebSocket server is in production. */
  serveLinks(host: NetworkHost, address: Address, onLink: OnLink): Promise<Listener> {
    return this.#listen(host, address, { onLink })
  }

  #listen(host: NetworkHost, asked: Address, serve: { onConnection?: OnConnection; onLink?: OnLink }): Promise<Listener> {
    const address = { host: host.name, port: asked.port || this.#nextPort++ }
    const key = `${address.host}:${address.port}`
    if (this.#listeners.has(key)) return Promise.reject(networkError('EADDRINUSE', key))
    if (!host.dead) this.#listeners.set(key, { host, ...serve })
    return Promise.resolve({
      address,
      close: async () => {
        if (this.#listeners.get(key)?.host === host) this.#listeners.delete(key)
      },
    })
  }

  /** A connection is made in one round trip, refused in one, or times out when a way is cut. */
  #open(host: NetworkHost, to: Address, timeoutMs: number, kind: 'onConnection' | 'onLink'): Promise<Pipe> {
    const key = `${to.host}:${to.port}`
    const deadlineMs = this.#scheduler.nowMs + timeoutMs
    return new Promise((resolve, reject) => {
      const attempt = () => {
        if (host.dead) return
        if (this.#isCut(host.name, to.host) || this.#isCut(to.host, host.name)) {
          if (this.#scheduler.nowMs + limits.roundTripRetryMs < deadlineMs) {
            this.#scheduler.at(limits.roundTripRetryMs, attempt)
          } else {
            this.#scheduler.at(deadlineMs - this.#scheduler.nowMs, () => {
              if (!host.dead) reject(networkError('ETIMEDOUT', key))
            })
          }
          return
        }
        const listener = this.#listeners.get(key)
        const accept = listener?.[kind]
        if (listener === undefined || accept === undefined) return reject(networkError('ECONNREFUSED', key))
        const pipe = new Pipe(this, host, listener.host)
        this.#pipes.add(pipe)
        if (kind === 'onConnection') (accept as OnConnection)(pipe.connection(listener.host))
        else (accept as OnLink)(pipe.link(listener.host))
        resolve(pipe)
      }
      this.#scheduler.at(this.travelMs(host.name, to.host), attempt)
    })
  }

  // ------------------------------------------------------------ what pipes need

  get random(): SeededRandom {
    return this.#random
  }

  get scheduler(): Scheduler {
    return this.#scheduler
  }

  isCut(from: string, to: string): boolean {
    return this.#isCut(from, to)
  }

  forget(pipe: Pipe): void {
    this.#pipes.delete(pipe)
  }

  travelMs(from: string, to: string): number {
    const extraMs = this.#slow.get(`${from}>${to}`) ?? 0
    return 0.05 + this.#random.next() * 0.4 + this.#random.next() * extraMs
  }

  #isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`)
  }
}

function networkError(code: string, where: string): Error {
  return Object.assign(new Error(`${code}: ${where}`), { code })
}

type Parcel = { bytes: Uint8Array } | { text: string } | { end: true }

/** One side of a pipe: what it sent and what it has not yet taken. */
class End {
  readonly host: NetworkHost
  peer!: End
  deliver: ((parcel: Parcel) => void) | null = null
  onClose: ((error: Error | null) => void) | null = null
  onDrain: (() => void) | null = null
  /** On the way from this end to its peer, in order. */
  readonly sent: { parcel: Parcel; onSent?: (() => void) | undefined }[] = []
  sentBytes = 0
  moving = false
  closed = false
  paused = false
  mustDrain = false

  constructor(host: NetworkHost) {
    this.host = host
  }
}

class Pipe {
  readonly #network: SimNetwork
  readonly #a: End
  readonly #b: End
  #broken = false

  constructor(network: SimNetwork, a: NetworkHost, b: NetworkHost) {
    this.#network = network
    this.#a = new End(a)
    this.#b = new End(b)
    this.#a.peer = this.#b
    this.#b.peer = this.#a
  }

  joins(a: string, b: string): boolean {
    return (this.#a.host.name === a && this.#b.host.name === b) || (this.#a.host.name === b && this.#b.host.name === a)
  }

  /** Both sides see an error, at once. */
  break(code: string): void {
    if (this.#broken) return
    this.#broken = true
    this.#network.forget(this)
    for (const end of [this.#a, this.#b]) this.#closeEnd(end, networkError(code, end.peer.host.name))
  }

  endDied(host: NetworkHost, how: 'kill' | 'power'): void {
    for (const end of [this.#a, this.#b]) {
      if (end.host !== host) continue
      end.closed = true
      end.sent.length = 0
      // After a power loss the peer hears nothing until its own timeouts, or until the host is back and resets.
      if (how === 'kill') this.#resetPeer(end.peer)
      else this.#network.scheduler.at(3_000 + this.#network.random.next() * 5_000, () => this.#resetPeer(end.peer))
    }
  }

  connection(host: NetworkHost): Connection {
    const end = this.#endOf(host)
    return {
      peer: `${end.peer.host.name}:0`,
      get bufferedBytes() {
        return end.sentBytes
      },
      start: (handlers) => this.#startConnection(end, handlers),
      write: (chunks, onSent) => this.#writeBytes(end, chunks, onSent),
      pause: () => {
        end.paused = true
      },
      resume: () => {
        end.paused = false
        this.#move(end.peer)
      },
      end: () => this.#send(end, { end: true }, 0),
      destroy: () => this.#destroy(end),
    }
  }

  link(host: NetworkHost): Link {
    const end = this.#endOf(host)
    return {
      peer: `${end.peer.host.name}:0`,
      get bufferedBytes() {
        return end.sentBytes
      },
      start: (handlers) => this.#startLink(end, handlers),
      send: (text) => this.#send(end, { text }, text.length),
      close: () => this.#destroy(end),
    }
  }

  #endOf(host: NetworkHost): End {
    return host === this.#a.host ? this.#a : this.#b
  }

  #startConnection(end: End, handlers: ConnectionHandlers): void {
    end.onClose = (error) => handlers.onClose(error)
    end.onDrain = () => handlers.onDrain()
    end.deliver = (parcel) => {
      if ('end' in parcel) return this.#peerEnded(end)
      let bytes = (parcel as { bytes: Uint8Array }).bytes
      while (bytes.length > 0 && !end.closed) {
        const room = handlers.readBuffer()
        const piece = bytes.subarray(0, Math.min(room.length, this.#pieceBytes(bytes.length)))
        room.set(piece)
        handlers.onRead(piece.length)
        bytes = bytes.subarray(piece.length)
      }
    }
    this.#move(end.peer)
  }

  #startLink(end: End, handlers: LinkHandlers): void {
    end.onClose = (error) => handlers.onClose(error)
    end.deliver = (parcel) => {
      if ('text' in parcel) handlers.onMessage(parcel.text)
      else this.#peerEnded(end)
    }
    this.#move(end.peer)
  }

  /** Mostly all that arrived; now and then a first few bytes, as networks do. */
  #pieceBytes(length: number): number {
    return this.#network.random.chance(0.9) ? length : this.#network.random.between(1, length + 1)
  }

  #writeBytes(end: End, chunks: readonly Uint8Array[], onSent?: () => void): boolean {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const bytes = new Uint8Array(length)
    let at = 0
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    if (!this.#send(end, { bytes }, length, onSent)) return true
    if (end.sentBytes <= limits.bufferedBytes) return true
    end.mustDrain = true
    return false
  }

  #send(end: End, parcel: Parcel, length: number, onSent?: () => void): boolean {
    if (end.closed || end.host.dead) {
      if (onSent && !end.host.dead) this.#network.scheduler.at(0, () => !end.host.dead && onSent())
      return false
    }
    end.sent.push({ parcel, onSent })
    end.sentBytes += length
    this.#move(end)
    return true
  }

  /** Takes the next parcel along, unless one is on its way, the way is cut or the receiver does not read. */
  #move(from: End): void {
    if (from.moving || from.sent.length === 0 || from.peer.deliver === null) return
    from.moving = true
    const network = this.#network
    network.scheduler.at(network.travelMs(from.host.name, from.peer.host.name), () => {
      from.moving = false
      if (network.isCut(from.host.name, from.peer.host.name) || from.peer.paused) {
        if (!from.peer.paused && !from.peer.closed) network.scheduler.at(50, () => this.#move(from))
        return
      }
      const next = from.sent.shift()
      if (next === undefined) return
      this.#arrived(from, next)
      this.#move(from)
    })
  }

  #arrived(from: End, { parcel, onSent }: { parcel: Parcel; onSent?: (() => void) | undefined }): void {
    from.sentBytes -= 'bytes' in parcel ? parcel.bytes.length : 'text' in parcel ? parcel.text.length : 0
    if (!from.host.dead) {
      onSent?.()
      if (from.mustDrain && from.sentBytes === 0 && !from.closed) {
        from.mustDrain = false
        from.onDrain?.()
      }
    }
    const to = from.peer
    if (to.closed || to.host.dead) return
    this.#network.scheduler.trace(`${from.host.name} > ${to.host.name} ${describe(parcel)}`)
    to.deliver?.(parcel)
  }

  #peerEnded(end: End): void {
    this.#closeEnd(end, null)
    this.#destroy(end)
  }

  /** This side closes; the other hears of it after what was sent before. */
  #destroy(end: End): void {
    if (!end.closed) {
      this.#network.scheduler.at(0, () => this.#closeEnd(end, null))
      end.closed = true
    }
    this.#network.scheduler.at(this.#network.travelMs(end.host.name, end.peer.host.name), () => this.#resetPeer(end.peer))
  }

  #resetPeer(end: End): void {
    this.#network.forget(this)
    if (this.#network.isCut(end.peer.host.name, end.host.name)) {
      this.#network.scheduler.at(500, () => this.#resetPeer(end))
      return
    }
    this.#closeEnd(end, networkError('ECONNRESET', end.peer.host.name))
  }

  #closeEnd(end: End, error: Error | null): void {
    end.closed = true
    const { onClose } = end
    end.onClose = null
    const unsent = end.sent.splice(0)
    end.sentBytes = 0
    if (end.host.dead) return
    for (const { onSent } of unsent) onSent?.()
    onClose?.(error)
  }
}

function describe(parcel: Parcel): string {
  if ('end' in parcel) return 'end'
  if ('text' in parcel) return parcel.text.length > 200 ? `${parcel.text.slice(0, 200)}…${parcel.text.length}` : parcel.text
  return `${parcel.bytes.length} bytes ${checksum(parcel.bytes)}`
}

/** FNV-1a: enough to tell two traces apart. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}
