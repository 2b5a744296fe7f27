// One connection or link between two simulated hosts: what is on its way, in order, and how it ends.
//
//   write ─> sent (the sender's system) ── the way, which may be cut ──> inbox (the receiver's system) ─> onRead, unless paused or stalled
import type { Connection, ConnectionHandlers, Link, LinkHandlers } from '@castellan/protocol/runtime'
import type { NetworkHost, SimNetwork } from './network.ts'

/** `write` says no above this. */
const bufferedBytesMax = 1 << 20
/** What the receiver's system takes in for a process that does not read. */
const inboxBytesMax = 256 * 1024

export function networkError(code: string, where: string): Error {
  return Object.assign(new Error(`${code}: ${where}`), { code })
}

type Parcel = { bytes: Uint8Array } | { text: string } | { end: true }

/** Who opened it, and who accepted it: one process may be both. */
export type Side = 'opener' | 'accepter'

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
  /** Has arrived at this end's system, and was not read. */
  readonly inbox: Parcel[] = []
  inboxBytes = 0
  moving = false
  closed = false
  /** How the other side ended it, while what it had sent before is still to be read: then it closes with that. */
  ending: { readonly error: Error | null } | null = null
  paused = false
  mustDrain = false

  constructor(host: NetworkHost) {
    this.host = host
  }
}

export class Pipe {
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

  connection(side: Side): Connection {
    const end = this.#endOf(side)
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
        this.#read(end)
      },
      end: () => this.#send(end, { end: true }, 0),
      destroy: () => this.#destroy(end),
      reset: () => this.#destroy(end),
    }
  }

  link(side: Side): Link {
    const end = this.#endOf(side)
    return {
      peer: `${end.peer.host.name}:0`,
      get bufferedBytes() {
        return end.sentBytes
      },
      start: (handlers) => this.#startLink(end, handlers),
      send: (text) => this.#sendText(end, text),
      close: () => this.#destroy(end),
    }
  }

  #endOf(side: Side): End {
    return side === 'opener' ? this.#a : this.#b
  }

  #startConnection(end: End, handlers: ConnectionHandlers): void {
    end.onClose = (error) => handlers.onClose(error)
    end.onDrain = () => handlers.onDrain()
    end.deliver = (parcel) => {
      if (!('bytes' in parcel)) return this.#peerEnded(end)
      let { bytes } = parcel
      while (bytes.length > 0 && !end.closed) {
        // Paused half-way: the rest comes first when reading goes on.
        if (end.paused) {
          end.inboxBytes += bytes.length
          return void end.inbox.unshift({ bytes })
        }
        const room = handlers.readBuffer()
        const piece = bytes.subarray(0, Math.min(room.length, this.#pieceBytes(bytes.length)))
        room.set(piece)
        handlers.onRead(piece.length)
        bytes = bytes.subarray(piece.length)
      }
    }
    this.#read(end)
  }

  #startLink(end: End, handlers: LinkHandlers): void {
    end.onClose = (error) => handlers.onClose(error)
    end.deliver = (parcel) => {
      if ('text' in parcel) handlers.onMessage(parcel.text)
      else this.#peerEnded(end)
    }
    this.#read(end)
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
    if (end.sentBytes <= bufferedBytesMax) return true
    end.mustDrain = true
    return false
  }

  /** A message of a link, and what trouble befalls it. */
  #sendText(end: End, text: string): void {
    const network = this.#network
    const fate = network.fateOfMessage()
    if (fate === 'lost' && end.host.act() === 'lives') return
    if (fate === 'late' || fate === 'twice') {
      network.scheduler.at(network.strayMs(), () => this.#stray(end, text))
    }
    if (fate !== 'late') this.#send(end, { text }, text.length)
  }

  /** Arrives out of turn, or never where the way is cut by then. */
  #stray(from: End, text: string): void {
    if (!this.#network.isCut(from.host.name, from.peer.host.name)) this.#arrive(from, { text })
  }

  #send(end: End, parcel: Parcel, length: number, onSent?: () => void): boolean {
    if (end.closed || end.host.act() !== 'lives') {
      if (onSent) this.#network.scheduler.at(0, () => end.host.run(onSent))
      return false
    }
    end.sent.push({ parcel, onSent })
    end.sentBytes += length
    this.#move(end)
    return true
  }

  /** Takes the next parcel along, unless one is on its way, the way is cut, or the receiver's system has no room. */
  #move(from: End): void {
    if (from.moving || from.sent.length === 0 || from.peer.inboxBytes >= inboxBytesMax) return
    from.moving = true
    const network = this.#network
    this.#later(from, () => {
      from.moving = false
      if (network.isCut(from.host.name, from.peer.host.name)) {
        if (!from.peer.closed) network.scheduler.at(50, () => this.#move(from))
        return
      }
      const next = from.sent.shift()
      if (next === undefined) return
      this.#left(from, next)
      this.#arrive(from, next.parcel)
      this.#move(from)
    })
  }

  #left(from: End, { parcel, onSent }: { parcel: Parcel; onSent?: (() => void) | undefined }): void {
    from.sentBytes -= lengthOf(parcel)
    if (onSent) from.host.run(onSent)
    if (!from.mustDrain || from.sentBytes > 0 || from.closed) return
    from.mustDrain = false
    from.host.run(() => from.onDrain?.())
  }

  #arrive(from: End, parcel: Parcel): void {
    const to = from.peer
    if (to.closed || to.host.dead) return
    this.#network.scheduler.trace(() => `${from.host.name} > ${to.host.name} ${describe(parcel)}`)
    to.inbox.push(parcel)
    to.inboxBytes += lengthOf(parcel)
    to.host.run(() => this.#read(to))
  }

  /** Hands over what has arrived, as far as the process wants it. */
  #read(end: End): void {
    while (end.inbox.length > 0 && end.deliver !== null && !end.paused && !end.closed) {
      const parcel = end.inbox.shift()!
      end.inboxBytes -= lengthOf(parcel)
      end.deliver(parcel)
    }
    if (end.ending !== null && end.inbox.length === 0) this.#closeEnd(end, end.ending.error)
    else this.#move(end.peer)
  }

  /** The other side sent all it had and ended: both close in good order. */
  #peerEnded(end: End): void {
    this.#closeEnd(end, null)
    this.#later(end, () => {
      this.#network.forget(this)
      this.#endAfterInbox(end.peer, null)
    })
  }

  /** This side closes at once, and what had not arrived never will; the other sees a reset. */
  #destroy(end: End): void {
    if (end.closed) return
    end.closed = true
    this.#network.scheduler.at(0, () => this.#closeEnd(end, null))
    this.#later(end, () => this.#resetPeer(end.peer))
  }

  #later(from: End, task: () => void): void {
    this.#network.scheduler.at(this.#network.travelMs(from.host.name, from.peer.host.name), task)
  }

  #resetPeer(end: End): void {
    this.#network.forget(this)
    if (end.onClose === null) return
    if (this.#network.isCut(end.peer.host.name, end.host.name)) {
      this.#network.scheduler.at(500, () => this.#resetPeer(end))
      return
    }
    this.#endAfterInbox(end, networkError('ECONNRESET', end.peer.host.name))
  }

  /** What had arrived can still be read, by a process that was stopped (SIGSTOP) meanwhile: it hears of the end after that. */
  #endAfterInbox(end: End, error: Error | null): void {
    if (end.inbox.length === 0 || end.closed || !end.host.isBehind) return this.#closeEnd(end, error)
    end.ending ??= { error }
  }

  /** What had arrived and was not read is lost. */
  #closeEnd(end: End, error: Error | null): void {
    end.closed = true
    end.ending = null
    const { onClose } = end
    end.onClose = null
    const unsent = end.sent.splice(0)
    end.sentBytes = 0
    end.inbox.length = 0
    end.inboxBytes = 0
    end.host.run(() => {
      for (const { onSent } of unsent) onSent?.()
      onClose?.(error)
    })
  }
}

function lengthOf(parcel: Parcel): number {
  if ('bytes' in parcel) return parcel.bytes.length
  return 'text' in parcel ? parcel.text.length : 0
}

function describe(parcel: Parcel): string {
  if ('end' in parcel) return 'end'
  if ('text' in parcel)
    return parcel.text.length > 200 ? `${parcel.text.slice(0, 200)}…${parcel.text.length}` : parcel.text
  return `${parcel.bytes.length} bytes ${checksum(parcel.bytes)}`
}

/** FNV-1a: enough to tell two traces apart. */
function checksum(bytes: Uint8Array): string {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}
