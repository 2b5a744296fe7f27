// One client's connection: requests are started in the order of their frames and answered in that order, many at a time.
//
//   bytes -> FrameReader -> waiting -> in flight (started, not written) -> outgoing -> one write a turn -> sent
//                             |           at most N requests, B bytes         |    until the client takes them
//                             '---- while any frame waits, reading pauses <---'    nothing more is started
//
// It also pauses while there is no memory for what comes next (RequestMemory), unless that fits the first, small slab.
// So a client that does not read its answers, or sends faster than it is served, is stopped by TCP, and costs a
// bounded amount of memory.
import { encodeResponse, type Frame, FrameReader, ProtocolError, type SlabPool } from '@castellan/protocol'
import type { Connection, ConnectionHandlers } from '@castellan/protocol/runtime'
import { messageOf } from '../errors.ts'
import type { Answer, BrokerParts, Handler } from '../handlers/handler.ts'
import type { Counters } from '../metrics/counters.ts'
import { type HandlerTable, readRequest } from './dispatch.ts'
import { Exchange } from './exchange.ts'
import { Exchanges } from './exchanges.ts'
import { Outbox } from './outbox.ts'
import { LaneClaim, type LaneName, type RequestMemory } from './request-memory.ts'
import type { Progress } from './slow-peers.ts'

/** Why a connection was closed. */
export type Trouble = 'malformed' | 'refused' | 'failed' | 'stalled'

/** What a connection needs of its server. */
export interface ConnectionHost {
  readonly parts: BrokerParts
  readonly table: HandlerTable
  readonly slabs: SlabPool
  readonly memory: RequestMemory
  readonly counters: Counters
  /** Says, at a limited rate, that a connection was closed because of what came through it. */
  complain(kind: Trouble, peer: string, reason: string): void
  /** A defect of ours, in a handler (its API's name) or before one ('start'). */
  complainOfFailure(api: string, fields: Record<string, unknown>, error: unknown): void
  onClosed(connection: ClientConnection): void
}

export class ClientConnection implements ConnectionHandlers {
  /** Frames so far: whether it grows tells an idle connection. */
  framesSeen = 0
  #bytesSeen = 0
  readonly #host: ConnectionHost
  readonly #connection: Connection
  readonly #frames: FrameReader
  /** Retained frames that were read and not started yet, oldest first. */
  #waiting: Frame[] = []
  readonly #inFlight = new Exchanges()
  /** When the newest answer was given. */
  #answeredMs = Number.NEGATIVE_INFINITY
  readonly #outbox: Outbox
  #starting = false
  #paused = false
  #state: 'open' | 'draining' | 'closed' = 'open'

  constructor(host: ConnectionHost, connection: Connection) {
    this.#host = host
    this.#connection = connection
    this.#outbox = new Outbox(connection, host.counters, () => this.#startWaiting())
    this.#frames = new FrameReader(host.slabs, {
      maxFrameBytes: host.parts.config.socketRequestMaxBytes,
      onFrame: (frame) => this.#onFrame(frame),
      onError: (error) => this.#onMalformed(error),
      memory: host.memory,
      onWait: () => this.#pause(),
      onReady: () => this.#readOn(),
    })
  }

  get inFlight(): number {
    return this.#inFlight.count + this.#waiting.length
  }

  /** The lane whose memory it holds for a request that its client has not sent whole, though we would read it; null: none. */
  get halfSentIn(): LaneName | null {
    if (this.#state !== 'open' || (this.#waiting.length > 0 && !this.#outbox.isFull)) return null
    const claim = this.#frames.halfReadClaim
    return claim instanceof LaneClaim ? claim.lane : null
  }

  /** What has come so far. */
  get sending(): Progress {
    return { messages: this.framesSeen, bytes: this.#bytesSeen }
  }

  /** Its client does not take answers that hold memory of ResponseMemory. */
  get isHoldingAnswers(): boolean {
    return this.#state !== 'closed' && this.#outbox.isHolding
  }

  /** What its client has taken so far. */
  get taking(): Progress {
    return this.#outbox.taking
  }

  start(): void {
    this.#connection.start(this)
  }

  readBuffer(): Uint8Array {
    return this.#frames.readBuffer()
  }

  onRead(length: number): void {
    this.#host.counters.bytesIn += length
    this.#bytesSeen += length
    this.#frames.onRead(length)
  }

  onDrain(): void {
    this.#outbox.onDrain()
    this.#startWaiting()
  }

  onClose(error: Error | null): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (error) this.#host.parts.log.debug({ peer: this.#connection.peer, error: error.message }, 'connection broke')
    this.#frames.close()
    for (const frame of this.#waiting) frame.slab.endRequest()
    this.#waiting = []
    this.#inFlight.abandonAll()
    this.#outbox.close()
    this.#host.onClosed(this)
  }

  /** Takes no more requests; what is in flight is still answered, long polls at once. */
  stopReading(): void {
    this.#pause()
    if (this.#state !== 'open') return
    this.#state = 'draining'
    this.#inFlight.hurryUpTo(null)
  }

  /** Sends what was answered, then closes. */
  end(): void {
    this.#outbox.flush()
    this.#connection.end()
  }

  /**
   * This broker stops. Who has asked nothing yet sees a broken connection: one that ends before its first answer says to franz-go that
   * credentials are missing, and it gives up what it would have sent elsewhere.
   */
  leave(): void {
    if (this.framesSeen === 0) this.#connection.reset()
    else this.end()
  }

  destroy(): void {
    this.#connection.destroy()
  }

  /** Others wait for the memory of the request that it does not send, or of the answers that it does not take. */
  closeStalled(what: 'request' | 'answers'): void {
    const how = what === 'request' ? 'its request was not sent on' : 'its answers were not taken'
    const reason = `${how}, and others waited for the memory`
    this.#host.complain('stalled', this.#connection.peer, reason)
    this.destroy() // at once: what it holds is wanted
  }

  // ---------------------------------------------------------------- requests in

  #onFrame(frame: Frame): void {
    if (this.#state !== 'open') return
    this.framesSeen++
    if (this.#waiting.length === 0 && this.#mayStart()) return this.#start(frame)
    frame.slab.beginRequest()
    this.#waiting.push(frame)
    this.#pause()
  }

  #mayStart(): boolean {
    const { config } = this.#host.parts
    return (
      this.#inFlight.count < config.connectionRequestsMax &&
      this.#inFlight.requestBytes < config.connectionRequestBytesMax &&
      this.#inFlight.heldBytes + this.#outbox.bytes < config.connectionResponseBytesMax &&
      !this.#outbox.isFull
    )
  }

  /** Starts what waits, as far as the limits allow; reads on when nothing waits any more. */
  #startWaiting(): void {
    // An answer given at once would call this from within itself, once for each waiting frame.
    if (this.#starting || !this.#paused) return
    this.#starting = true
    let started = 0
    while (started < this.#waiting.length && this.#state === 'open' && this.#mayStart()) {
      const frame = this.#waiting[started++]!
      this.#start(frame)
      frame.slab.endRequest()
    }
    // A connection that closed meanwhile has released the rest.
    if (this.#waiting.length > 0) this.#waiting.splice(0, started)
    this.#starting = false
    this.#readOn()
  }

  #readOn(): void {
    this.#frames.retry()
    if (this.#waiting.length === 0 && this.#state === 'open' && !this.#frames.isWaiting) this.#resume()
  }

  #start(frame: Frame): void {
    const { parts, counters, table } = this.#host
    try {
      const incoming = readRequest(table, frame)
      if (incoming.kind === 'refused') return this.#close('refused', incoming.reason)
      const requestBytes = frame.end - frame.start
      const exchange = new Exchange(
        parts,
        this.#connection.peer,
        frame.slab,
        requestBytes,
        incoming.header,
        parts.runtime.clock.nowMs(),
        this.#answeredMs,
      )
      frame.slab.beginRequest()
      this.#inFlight.append(exchange)
      counters.requests(exchange.apiKey)
      if (incoming.kind === 'answer') this.#answered(exchange, incoming.chunks)
      else this.#handle(exchange, incoming.handler, incoming.request)
    } catch (error) {
      if (error instanceof ProtocolError) return this.#onMalformed(error)
      counters.failures++
      this.#host.complainOfFailure('start', { peer: this.#connection.peer }, error)
      this.#close('failed', messageOf(error))
    }
  }

  #handle(exchange: Exchange, handler: Handler, request: unknown): void {
    try {
      const answer = handler.handle(request, exchange)
      if (answer instanceof Promise) {
        answer.then(
          (response) => this.#respond(exchange, handler, response),
          (error: unknown) => this.#onFailure(exchange, handler, error),
        )
      } else {
        this.#respond(exchange, handler, answer)
      }
    } catch (error) {
      this.#onFailure(exchange, handler, error)
    }
  }

  // ---------------------------------------------------------------- answers out

  #respond(exchange: Exchange, handler: Handler, response: Answer): void {
    if (this.#state === 'closed' || response === null || exchange.closeReason !== null)
      return this.#answered(exchange, null)
    try {
      this.#answered(exchange, encodeResponse(handler.api, exchange.apiVersion, exchange.correlationId, response))
    } catch (error) {
      this.#onFailure(exchange, handler, error)
    }
  }

  #answered(exchange: Exchange, chunks: Uint8Array[] | null): void {
    this.#inFlight.answer(exchange, chunks)
    exchange.slab.endRequest()
    this.#host.counters.answered(exchange.apiKey, this.#host.parts.runtime.clock.nowMs() - exchange.startedMs)
    if (this.#state === 'closed') exchange.sent()
    if (this.#inFlight.isFirst(exchange)) this.#advance()
    // Memory that others may wait for does not wait for a long poll, nor for a fetch that itself waits for memory.
    else if (exchange.holdsRoom) this.#inFlight.hurryUpTo(exchange)
  }

  /** Hands on the answers that are due, oldest first. */
  #advance(): void {
    for (let exchange = this.#inFlight.takeDue(); exchange; exchange = this.#inFlight.takeDue()) {
      if (this.#state === 'closed') continue
      if (exchange.closeReason !== null) return this.#close('failed', exchange.closeReason)
      this.#answeredMs = this.#host.parts.runtime.clock.nowMs()
      this.#outbox.add(exchange)
    }
    this.#startWaiting()
  }

  // ---------------------------------------------------------------- trouble

  #onMalformed(error: Error): void {
    this.#host.counters.malformedFrames++
    this.#close('malformed', error.message)
  }

  #onFailure(exchange: Exchange, handler: Handler, error: unknown): void {
    this.#host.counters.failures++
    const { peer, apiVersion: version } = exchange
    this.#host.complainOfFailure(handler.api.name, { peer, version }, error)
    exchange.closeConnection(`${handler.api.name} failed`)
    this.#answered(exchange, null)
  }

  #close(kind: Trouble, reason: string): void {
    if (this.#state === 'closed') return
    this.#host.complain(kind, this.#connection.peer, reason)
    this.stopReading()
    this.end()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#connection.pause()
  }

  #resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#connection.resume()
  }
}
