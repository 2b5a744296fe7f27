// A connection whose other end is a test: it delivers bytes, reads the answers, and takes them as slowly as it likes.

import type { Api, RequestInput, ResponseOf } from '@castellan/protocol'
import { decodeResponseHeader, encodeRequest, Reader } from '@castellan/protocol'
import type { Connection, ConnectionHandlers } from '@castellan/protocol/runtime'

export class FakeConnection implements Connection {
  readonly peer = '127.0.0.1:50000'
  bufferedBytes = 0
  state: 'open' | 'ended' | 'destroyed' = 'open'
  isPaused = false
  /** How often `write` was called. */
  writes = 0
  /** False: what is written stays, as if the client read nothing. */
  takesAnswers = true
  readonly #held: (() => void)[] = []
  #handlers: ConnectionHandlers | undefined
  #undelivered: Uint8Array[] = []
  #received: Uint8Array[] = []

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
  }

  write(chunks: readonly Uint8Array[], onSent?: () => void): boolean {
    this.writes++
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
    this.bufferedBytes += bytes
    const send = () => {
      this.bufferedBytes -= bytes
      for (const chunk of chunks) this.#received.push(chunk.slice())
      onSent?.()
    }
    if (this.takesAnswers) send()
    else this.#held.push(send)
    return this.takesAnswers
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    const chunks = this.#undelivered
    this.#undelivered = []
    for (const chunk of chunks) this.deliver(chunk)
  }

  end(): void {
    this.state = 'ended'
    this.#handlers?.onClose(null)
  }

  destroy(): void {
    this.state = 'destroyed'
    this.#handlers?.onClose(null)
  }

  reset(): void {
    this.destroy()
  }

  // ---------------------------------------------------------------- the other end

  /** Bytes arrive; while reading is paused they wait. */
  deliver(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0 && this.state === 'open') {
      if (this.isPaused) return void this.#undelivered.push(rest)
      const room = this.#handlers!.readBuffer()
      const length = Math.min(room.length, rest.length)
      room.set(rest.subarray(0, length))
      rest = rest.subarray(length)
      this.#handlers!.onRead(length)
    }
  }

  request<A extends Api>(api: A, version: number, correlationId: number, body: RequestInput<A>): void {
    this.deliver(requestBytes(api, version, correlationId, body))
  }

  /** Bytes that arrived and were not read by the server. */
  get undeliveredBytes(): number {
    return this.#undelivered.reduce((sum, { length }) => sum + length, 0)
  }

  /** The client reads what was held back. */
  takeAnswers(): void {
    this.takesAnswers = true
    for (const send of this.#held.splice(0)) send()
    this.#handlers?.onDrain()
  }

  /** The peer breaks the connection. */
  break(error = new Error('ECONNRESET')): void {
    this.state = 'destroyed'
    this.#handlers?.onClose(error)
  }

  /** Frames of answers so far, without their length. Each is handed out once. */
  answers(): Uint8Array[] {
    const bytes = Buffer.concat(this.#received)
    const frames: Uint8Array[] = []
    let at = 0
    while (at + 4 <= bytes.length) {
      const length = bytes.readInt32BE(at)
      frames.push(bytes.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    this.#received = []
    return frames
  }

  /** Correlation ids of the answers since the last look. */
  answered(): number[] {
    return this.answers().map((frame) => Buffer.from(frame).readInt32BE(0))
  }
}

export function requestBytes<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: RequestInput<A>,
): Uint8Array {
  return Buffer.concat(encodeRequest(api, version, { correlationId, clientId: 'test' }, body))
}

export function readAnswer<A extends Api>(api: A, version: number, frame: Uint8Array): ResponseOf<A> {
  const reader = new Reader(frame)
  decodeResponseHeader(reader, api, version)
  return api.response.decode(reader, version) as ResponseOf<A>
}
