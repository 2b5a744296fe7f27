// Links by WebSocket: what the simulator's network is to Castle there, this is in production.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { messageBytesMax } from '@castellan/protocol/heartbeat'
import { webSocketLink } from '@castellan/protocol/runtime'
import { WebSocketServer } from 'ws'
import type { Castle } from '../castle.ts'

export class LinkServer {
  readonly #sockets: WebSocketServer

  constructor(server: Server, castle: Castle) {
    // No compression: heartbeats are short, and it would cost memory for each link.
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax, perMessageDeflate: false })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const { remoteAddress, remotePort } = request.socket
      // A page of some other site must not speak for the person whose browser shows it.
      const isForeign = request.headers.origin !== undefined && !sameHost(request)
      if (isForeign || new URL(request.url ?? '/', 'http://castle').pathname !== '/link') {
        socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
        return
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        castle.accept(webSocketLink(webSocket, `${remoteAddress}:${remotePort}`))
      })
    })
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
  }
}

function sameHost({ headers: { origin, host } }: IncomingMessage): boolean {
  return URL.canParse(origin ?? '') && new URL(origin ?? '').host === host
}
