// Who holds memory that others wait for, and does not get on: a connection that began a request and sends the rest
// slowly, or never (a slow loris; a peer behind a broken network), or one that does not take its answers. It is closed
// after a while, so that nobody keeps the others from being served. Nobody is closed while nobody waits, nor for what is
// this broker's fault.

/** Who sends or takes so fast is getting on, however long its message is. */
const bytesPerMsMin = 1024

/** What a connection did so far, one way. */
export interface Progress {
  /** Requests that came whole, or answers that left: tells whether it is still the same one that is half done. */
  readonly messages: number
  readonly bytes: number
}

/** A connection as the last look left it. */
export interface Peer extends Progress {
  readonly slowMs: number
}

/** One more look, `elapsedMs` after the last. It is too slow when its `slowMs` reaches `connection.request.stall.ms`. */
export function look(last: Peer | undefined, now: Progress, elapsedMs: number): Peer {
  const { messages, bytes } = now
  if (last === undefined || last.messages !== messages) return { messages, bytes, slowMs: 0 }
  const isGettingOn = bytes - last.bytes >= elapsedMs * bytesPerMsMin
  return { messages, bytes, slowMs: isGettingOn ? last.slowMs : last.slowMs + elapsedMs }
}

/** All connections that hold what others wait for, one way, from look to look. */
export class SlowPeers<Connection> {
  readonly #stallMs: number
  #peers = new Map<Connection, Peer>()

  constructor(stallMs: number) {
    this.#stallMs = stallMs
  }

  /** `holding`: who holds now what others wait for. Returns those that are too slow; they are forgotten. */
  look(holding: Iterable<readonly [Connection, Progress]>, elapsedMs: number): Connection[] {
    const last = this.#peers
    const tooSlow: Connection[] = []
    this.#peers = new Map()
    for (const [connection, progress] of holding) {
      const peer = look(last.get(connection), progress, elapsedMs)
      if (peer.slowMs < this.#stallMs) this.#peers.set(connection, peer)
      else tooSlow.push(connection)
    }
    return tooSlow
  }
}
