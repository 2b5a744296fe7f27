// Links by WebSocket: what the simulator's network is to Castle there, this is in production.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageBytesMax } from '@castellan/protocol/heartbeat'
import { webSocketLink } from '@castellan/protocol/runtime'
import { WebSocketServer } from 'ws'
import type { Castle } from '../castle.ts'
import { CastleError } from '../errors.ts'
import { isOriginOf } from './hosts.ts'
import { endWithProblem } from './problems.ts'

export class LinkServer {
  readonly #castle: Castle
  readonly #refuseHost: (host: string | undefined) => CastleError | undefined
  readonly #sockets: WebSocketServer

  constructor(server: Server, castle: Castle, refuseHost: (host: string | undefined) => CastleError | undefined) {
    this.#castle = castle
    this.#refuseHost = refuseHost
    // No compression: heartbeats are short, and it would cost memory for each link.
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax, perMessageDeflate: false })
    this.#sockets.on('wsClientError', (error, socket, request) => {
      this.#refuse(request, socket, new CastleError('REQUEST_WRONG', error.message))
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // First of all: Node leaves the socket to us, and a reset that nobody listens to would end the process.
      socket.on('error', () => socket.destroy())
      const refused = this.#refusal(request)
      if (refused === undefined) this.#upgrade(request, socket, head)
      else this.#refuse(request, socket, refused)
    })
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
  }

  #refusal({ url = '', headers }: IncomingMessage): CastleError | undefined {
    const host = this.#refuseHost(headers.host)
    if (host !== undefined) return host
    // A page of some other site must not speak for the person whose browser shows it.
    const isForeign = headers.origin !== undefined && !isOriginOf(headers.origin, headers.host)
    const path = url.split('?')[0] ?? ''
    if (!isForeign && path === '/link') return undefined
    const what = isForeign
      ? `no link for pages of ${headers.origin?.slice(0, 300)}`
      : `no link at ${path.slice(0, 500)}`
    return new CastleError('NOT_FOUND', `there is ${what}`, { next: 'Open a WebSocket at /link.' })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const peer = peerOf(request)
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#castle.accept(webSocketLink(webSocket, peer))
    })
  }

  #refuse(request: IncomingMessage, socket: Duplex, error: CastleError): void {
    this.#castle.links.onRefused(peerOf(request), error.message)
    endWithProblem(socket, error)
  }
}

function peerOf({ socket: { remoteAddress, remotePort } }: IncomingMessage): string {
  return `${remoteAddress}:${remotePort}`
}
