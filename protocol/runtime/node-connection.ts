// A TCP connection of Node's: what arrives is written by the system into the handlers' buffers, what is written goes
// out as it was given. No byte is copied here, but for the first read (see `firstRead`) and on sockets that cannot be
// read into a buffer of ours (`takeOver` in node-accept.ts says which).
import assert from 'node:assert/strict'
import type { OnReadOpts, Socket } from 'node:net'
import type { Connection, ConnectionHandlers } from './network.ts'

/** Above this `write` asks its caller to wait. */
const bufferedBytesMax = 1024 * 1024
/** How long a connection that we ended waits for the peer to end it too. */
const lingerMs = 1_000
/**
 * Node asks for the next buffer when it makes a socket, before anyone has started the connection, and after each read,
 * also when reading was paused meanwhile: the handlers may give that memory away before they go on. What is read into
 * this one is handed on within the same call, so all connections share it.
 */
const firstRead = Buffer.allocUnsafeSlow(4 * 1024)

type State =
  | 'open'
  | 'ended' // by us: what still arrives is dropped
  | 'destroyed' // by us, not closed yet
  | 'closed'

export class NodeConnection implements Connection {
  /** For the making of the socket that is then given to `attach`. */
  readonly onread: OnReadOpts = {
    buffer: () => this.#nextBuffer(),
    callback: (length, buffer) => this.#onRead(length, buffer),
  }
  #socket: Socket | null = null
  #reads: 'onread' | 'data' = 'onread'
  #peer = 'unknown'
  #handlers: ConnectionHandlers | null = null
  #state: State = 'open'
  #error: Error | null = null
  #isFull = false
  #isPaused = false
  /** Arrived, but not handed on: reading was paused before. */
  #rest: Uint8Array | null = null
  #isDelivering = false

  get peer(): string {
    return this.#peer
  }

  get bufferedBytes(): number {
    const socket = this.#socket
    if (socket === null) return 0
    // Node counts a write until all of it has left; its handle knows what of it has (undocumented, so perhaps not there).
    const handle: { bytesWritten?: number; writeQueueSize?: number } | null | undefined = Reflect.get(socket, '_handle')
    if (handle?.bytesWritten === undefined || handle.writeQueueSize === undefined) return socket.writableLength
    return socket.bytesWritten - handle.bytesWritten + handle.writeQueueSize
  }

  /** Once, with a connected socket. Without `onread` it is read by 'data' events, which costs a copy. */
  attach(socket: Socket, reads: 'onread' | 'data'): this {
    this.#socket = socket
    this.#reads = reads
    if (socket.remoteAddress !== undefined) {
      const host = socket.remoteFamily === 'IPv6' ? `[${socket.remoteAddress}]` : socket.remoteAddress
      this.#peer = `${host}:${socket.remotePort}`
    }
    if (reads === 'data') socket.on('data', (chunk: Buffer) => this.#copyIn(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => {
      if (this.#state !== 'destroyed') this.#error = error
    })
    socket.on('close', () => this.#onClose())
    return this
  }

  start(handlers: ConnectionHandlers): void {
    assert(this.#handlers === null, 'a connection is started once')
    this.#handlers = handlers
    if (this.#state === 'closed') queueMicrotask(() => handlers.onClose(this.#error))
    else if (this.#reads === 'data') this.#socket?.resume()
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): boolean {
    const socket = this.#socket
    if (socket === null || this.#state !== 'open') {
      if (onSent) queueMicrotask(onSent)
      return true
    }
    // Node calls it with or without an error, and before 'close': either way nobody reads the chunks any more.
    const done = onSent ? () => onSent() : undefined
    if (chunks.length === 1) {
      socket.write(chunks[0]!, done)
    } else {
      // One `writev` for all of them.
      socket.cork()
      const last = chunks.length - 1
      for (let i = 0; i < last; i++) socket.write(chunks[i]!)
      if (last >= 0) socket.write(chunks[last]!, done)
      else if (done) queueMicrotask(done)
      socket.uncork()
    }
    if (socket.writableLength <= bufferedBytesMax) return true
    this.#isFull = true
    return false
  }

  pause(): void {
    this.#isPaused = true
    if (this.#state === 'open') this.#socket?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#deliverRest()
    if (this.#state === 'open' && !this.#isPaused) this.#socket?.resume()
  }

  end(): void {
    const socket = this.#socket
    if (this.#state !== 'open' || socket === null) return
    this.#state = 'ended'
    socket.end()
    // Reads on, into nothing: with bytes unread the system would answer with a reset, which can overtake what we sent.
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'destroyed'
    this.#socket?.destroy()
  }

  reset(): void {
    if (this.#state === 'closed') return
    this.#state = 'destroyed'
    this.#socket?.resetAndDestroy()
  }

  #nextBuffer(): Uint8Array {
    if (this.#handlers === null || this.#state !== 'open' || this.#isPaused) return firstRead
    return this.#handlers.readBuffer()
  }

  #onRead(length: number, buffer: Uint8Array): boolean {
    if (buffer === firstRead) this.#copyIn(firstRead.subarray(0, length))
    else if (this.#state === 'open') this.#handlers?.onRead(length)
    return true
  }

  #copyIn(chunk: Uint8Array): void {
    this.#rest = chunk
    this.#deliverRest()
    if (this.#rest !== null && this.#reads === 'onread') this.#rest = Buffer.from(this.#rest)
  }

  #deliverRest(): void {
    if (this.#isDelivering) return // somebody paused and resumes within the same call: it goes on below
    this.#isDelivering = true
    while (this.#rest !== null && this.#state === 'open' && !this.#isPaused) {
      assert(this.#handlers !== null, 'a connection must be started in the turn in which it was made')
      const chunk: Uint8Array = this.#rest
      const target = this.#handlers.readBuffer()
      const length = Math.min(target.length, chunk.length)
      target.set(chunk.subarray(0, length))
      this.#rest = length < chunk.length ? chunk.subarray(length) : null
      this.#handlers.onRead(length)
    }
    this.#isDelivering = false
    if (this.#state !== 'open') this.#rest = null
  }

  #onDrain(): void {
    if (!this.#isFull) return
    this.#isFull = false
    if (this.#state === 'open') this.#handlers?.onDrain()
  }

  #onClose(): void {
    this.#state = 'closed'
    this.#handlers?.onClose(this.#error)
  }
}
