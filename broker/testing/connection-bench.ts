// For tests of a client's connection: a broker of three handlers behind it, and the client's side of the wire.
import { metadata, produce, SlabPool } from '@castellan/protocol'
import { silentLogger } from '@castellan/protocol/runtime'
import { type BrokerConfig, brokerConfig } from '../config.ts'
import { apiVersions } from '../handlers/18-api-versions.ts'
import { type Answer, type BrokerParts, type Handler, handler, type RequestContext } from '../handlers/handler.ts'
import { Counters } from '../metrics/counters.ts'
import { ClientConnection, type ConnectionHost } from '../server/client-connection.ts'
import { handlerTable } from '../server/dispatch.ts'
import { RequestMemory } from '../server/request-memory.ts'
import { ResponseMemory } from '../server/response-memory.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeConnection } from './fake-connection.ts'

/** An answer of the slow handler. */
export const nothing: Answer<typeof metadata> = { brokers: [], topics: [] }

/** A server with a Metadata handler that answers when the test says so, and one that answers at once. */
export class ConnectionBench {
  readonly clock = new FakeClock()
  readonly counters = new Counters()
  readonly connection = new FakeConnection()
  readonly complaints: [string, string][] = []
  readonly slabs = new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 1024 * 1024, poison: true })
  readonly memory: RequestMemory
  readonly responseMemory = new ResponseMemory(this.clock, 1024 * 1024)
  readonly started: {
    context: RequestContext
    answer: (response: Answer<typeof metadata>) => void
    fail: (error: Error) => void
  }[] = []
  readonly client: ClientConnection
  isClosed = false

  constructor(limits: Partial<BrokerConfig> = {}) {
    const config = brokerConfig({ brokerId: 1, castle: ['http://127.0.0.1:1'], dataFolder: '/data', ...limits })
    const slow = handler(
      metadata,
      (_, context) => new Promise((answer, fail) => this.started.push({ context, answer, fail })),
    )
    const quick = handler(produce, ({ acks }, context) => {
      if (acks === 0) context.closeConnection('an error at acks=0')
      return acks === 0 ? null : { responses: [] }
    })
    const list: Handler[] = [slow, quick, apiVersions(() => list)]
    const { responseMemory } = this
    const parts = {
      runtime: { clock: this.clock },
      config,
      log: silentLogger,
      responseMemory,
    } as unknown as BrokerParts
    this.memory = new RequestMemory(this.clock, { bytesMax: config.queuedMaxRequestBytes, usualBytes: 64 * 1024 })
    const host: ConnectionHost = {
      parts,
      table: handlerTable(list),
      slabs: this.slabs,
      memory: this.memory,
      counters: this.counters,
      complain: (kind, _peer, reason) => void this.complaints.push([kind, reason]),
      complainOfFailure: () => {},
      onClosed: () => {
        this.isClosed = true
      },
    }
    this.client = new ClientConnection(host, this.connection)
    this.client.start()
  }

  ask(...correlationIds: number[]): void {
    for (const id of correlationIds) this.connection.request(metadata, 9, id, { topics: null })
  }

  askQuick(correlationId: number, acks = -1): void {
    this.connection.request(produce, 9, correlationId, { acks, timeoutMs: 1, topicData: [] })
  }
}
