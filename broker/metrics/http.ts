// GET /metrics for Prometheus and GET /health for whoever watches over the process.
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Address, LoopWatch } from '@castellan/protocol/runtime'
import type { Broker } from '../broker.ts'
import { BrokerError, messageOf, systemCode } from '../errors.ts'
import type { RecoveryProgress } from '../partition/index.ts'
import type { BrokerMetrics } from './metrics.ts'

export class MetricsServer {
  readonly address: Address
  readonly #http: Server
  readonly #loop: LoopWatch
  #broker: Broker | undefined
  #progress: (() => RecoveryProgress) | undefined
  /** Made at the first scrape: the broker counts by itself, and a start need not wait until prom-client is loaded. */
  #metrics: Promise<BrokerMetrics> | undefined

  private constructor(http: Server, address: Address, loop: LoopWatch) {
    this.#http = http
    this.#loop = loop
    this.address = address
    http.on('request', ({ url }, response) => void this.#answer(url ?? '', response))
  }

  /** Answers 503 until `serve` is called. Rejects with a BrokerError when the address cannot be had. */
  static listen({ host, port }: Address, loop: LoopWatch): Promise<MetricsServer> {
    // Not by `import`, which would load all of node:http, its WebSocket and fetch too: as much again as a process of Node takes to start.
    const http = process.getBuiltinModule('node:http').createServer()
    return new Promise((resolve, reject) => {
      http.once('error', (error) => {
        const why = systemCode(error) === 'EADDRINUSE' ? 'another process uses it' : error.message
        const next = 'Stop what uses the address, or choose another with `metrics.listen`.'
        reject(
          new BrokerError('LISTEN_FAILED', `cannot serve metrics on ${host}:${port}: ${why}`, { cause: error, next }),
        )
      })
      http.listen(port, host, () =>
        resolve(new MetricsServer(http, { host, port: (http.address() as AddressInfo).port }, loop)),
      )
    })
  }

  /** Until `serve` is called, /health says how far the recovery of the logs is. */
  recovering(progress: () => RecoveryProgress): void {
    this.#progress = progress
  }

  serve(broker: Broker): void {
    this.#broker = broker
  }

  async close(): Promise<void> {
    const metrics = await this.#metrics
    metrics?.close()
    this.#http.closeAllConnections()
    await new Promise<void>((resolve) => void this.#http.close(() => resolve()))
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const broker = this.#broker
    if (!broker) {
      const progress = this.#progress?.()
      return send(
        response,
        503,
        progress === undefined ? { status: 'starting' } : { status: 'recovering', ...progress },
      )
    }
    if (url === '/health') return send(response, broker.isStopping ? 503 : 200, health(broker))
    if (url !== '/metrics') return send(response, 404, { status: 'there are /metrics and /health' })
    try {
      this.#metrics ??= import('./metrics.ts').then((module) => new module.BrokerMetrics(broker, this.#loop))
      const metrics = await this.#metrics
      const text = await metrics.text()
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
    } catch (error) {
      broker.log.error({ error: messageOf(error) }, 'cannot collect metrics')
      send(response, 500, { status: messageOf(error) })
    }
  }
}

/** A broker without Castle is healthy: it goes on with what it was told (R10). */
function health(broker: Broker) {
  const faults = broker.partitions.reports().filter(({ fault }) => fault !== null)
  return {
    status: broker.isStopping ? 'stopping' : 'ok',
    castle: broker.castle.connected ? 'connected' : 'away',
    faults: faults.map(({ topicId, partition, fault }) => ({ topicId, partition, fault })),
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
