// A link over a WebSocket of `ws`, from either side: `nodeNetwork.dial` makes one, and so does Castle's server of each
// that it accepts.
import type { RawData, WebSocket } from 'ws'
import type { Link, LinkHandlers } from './network.ts'

/** Wraps a WebSocket that is open. Nothing is lost before `start`: reading waits for it. */
export function webSocketLink(socket: WebSocket, peer: string): Link {
  return new WebSocketLink(socket, peer)
}

/** How long a link that we closed waits for the peer's word. */
const lingerMs = 1_000
const unsupportedData = 1003
const goingAway = 1001
const normal = 1000
const noStatus = 1005

class WebSocketLink implements Link {
  readonly peer: string
  readonly #socket: WebSocket
  #handlers: LinkHandlers | null = null
  #error: Error | null = null
  #isClosed = false
  #endedByUs = false

  constructor(socket: WebSocket, peer: string) {
    this.peer = peer
    this.#socket = socket
    socket.pause()
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', (code) => this.#onClose(code))
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  start(handlers: LinkHandlers): void {
    if (this.#handlers !== null) throw new Error('a link is started once')
    this.#handlers = handlers
    if (this.#isClosed) queueMicrotask(() => handlers.onClose(this.#error))
    else this.#socket.resume()
  }

  send(text: string): void {
    // Once it is closing, ws would answer with an error; onClose tells enough.
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text)
  }

  close(): void {
    if (this.#isClosed || this.#endedByUs) return
    this.#endedByUs = true
    this.#socket.resume()
    this.#socket.close(normal)
    const timer = setTimeout(() => this.#socket.terminate(), lingerMs)
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (isBinary) {
      this.#error = new Error('a binary message came over a link of text messages')
      return this.#socket.close(unsupportedData)
    }
    // A Buffer, as long as nobody sets binaryType.
    if (!this.#endedByUs) this.#handlers?.onMessage(data.toString())
  }

  #onClose(code: number): void {
    this.#isClosed = true
    const inGoodOrder = code === normal || code === goingAway || code === noStatus
    if (inGoodOrder || this.#endedByUs) this.#error = null
    else this.#error ??= brokenLink(code)
    this.#handlers?.onClose(this.#error)
  }
}

function brokenLink(code: number): Error {
  return Object.assign(new Error(`the link broke (WebSocket close code ${code})`), { code: 'ECONNRESET' })
}
