// Handlers without a server: a broker of fake partitions, and requests whose answers the test awaits.
import assert from 'node:assert/strict'
import type { Api, RequestInput, ResponseInput, Slab } from '@castellan/protocol'
import { Reader, Writer } from '@castellan/protocol'
import type { Result, TopicState } from '@castellan/protocol/heartbeat'
import { silentLogger } from '@castellan/protocol/runtime'
import { type BrokerAddress, Metadata } from '../castle/metadata.ts'
import { type BrokerConfig, brokerConfig } from '../config.ts'
import { Deadlines } from '../handlers/deadlines.ts'
import { FetchSessions } from '../handlers/fetch/sessions.ts'
import type { BrokerParts, Handler, RequestContext } from '../handlers/handler.ts'
import { Counters } from '../metrics/counters.ts'
import { ResponseMemory, type ResponseRoom } from '../server/response-memory.ts'
import { FakeClock } from './fake-clock.ts'
import { FakePartition } from './fake-partition.ts'

export const topicIdOf = (n: number): string => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`

/** One request on its way. */
export interface Asked<A extends Api> {
  readonly answer: Promise<ResponseInput<A> | null>
  /** Undefined: not answered yet. */
  readonly response: ResponseInput<A> | null | undefined
  /** Why the connection is to be closed. */
  readonly closed: string | undefined
  /** The connection breaks. */
  abandon(): void
  /** Another request comes behind it. */
  followUp(): void
  /** The answer has left. */
  sent(): void
}

export class HandlerBench {
  readonly clock = new FakeClock()
  readonly counters = new Counters()
  readonly metadata = new Metadata(this.clock)
  readonly parts: BrokerParts
  /** Brokers that this one can follow no more since a moment ago. */
  readonly leadersInDoubt = new Set<number>()
  readonly gone: BrokerAddress[] = []
  /** Names of topics that this broker remembers, and Castle has not spoken of. */
  readonly awaited = new Set<string>()
  /** What Castle answers to calls. */
  castleSays: (method: string, args: unknown) => Omit<Result, 'type' | 'id'> | Promise<Omit<Result, 'type' | 'id'>> =
    () => ({ errorCode: 41 })
  readonly calls: { method: string; args: unknown; timeoutMs: number }[] = []
  nextProducerId: number | null = 4000
  readonly #partitions = new Map<string, FakePartition>()
  #randoms = 0

  constructor(given: Partial<BrokerConfig> = {}) {
    const config = brokerConfig({ brokerId: 1, castle: ['http://127.0.0.1:1'], dataFolder: '/data', ...given })
    this.parts = {
      runtime: { clock: this.clock, random: { next: () => this.#nextRandom() } },
      config,
      address: { host: '127.0.0.1', port: 9092 },
      log: silentLogger,
      metadata: this.metadata,
      remembered: { isAwaited: (name: string) => this.awaited.has(name) },
      partitions: { get: (id: string, index: number) => this.#partitions.get(`${id}/${index}`) },
      castle: {
        incarnation: 'this-process',
        call: async (method: string, args: unknown, timeoutMs: number) => {
          this.calls.push({ method, args, timeoutMs })
          return this.castleSays(method, args)
        },
      },
      producerIds: { take: async () => this.nextProducerId },
      deadlines: new Deadlines(this.clock),
      fetchSessions: new FetchSessions(),
      fetchers: { leadersInDoubt: () => this.leadersInDoubt, gone: () => this.gone },
      responseMemory: new ResponseMemory(this.clock, config.queuedMaxResponseBytes),
      counters: this.counters,
    } as unknown as BrokerParts
    this.setBrokers(1, 2)
  }

  /** Never the same twice. */
  #nextRandom(): number {
    this.#randoms++
    return (this.#randoms * 0.618) % 1
  }

  setBrokers(...ids: number[]): void {
    const brokers = ids.map((id) => ({
      id,
      host: `host-${id}`,
      port: 9000 + id,
      rack: id === 2 ? 'r2' : null,
      brokerEpoch: 1,
    }))
    this.metadata.setCluster({ id: 'default', kind: 'castellan', environment: 'test', flags: {}, brokers })
  }

  /** A topic whose partitions this broker leads, but for those led by the brokers in `leaders`. */
  addTopic(n: number, name: string, leaders: number[] = [1], more: Partial<TopicState> = {}): FakePartition[] {
    const partitions = leaders.map((leader) => ({
      leader,
      leaderEpoch: 5,
      partitionEpoch: 0,
      replicas: [leader],
      isr: [leader],
    }))
    const fakes = leaders.map((leader, index) => {
      const partition = new FakePartition(topicIdOf(n), name, index)
      if (leader === 1) this.#partitions.set(`${topicIdOf(n)}/${index}`, partition)
      return partition
    })
    this.metadata.setTopic({
      topicId: topicIdOf(n),
      name,
      deleted: false,
      internal: false,
      ackLevel: 0,
      configs: {},
      partitions,
      ...more,
    })
    return fakes
  }

  /** Sends `body` as a client would: through the API's table at that version. */
  ask<A extends Api>({ handle }: Handler, api: A, apiVersion: number, body: RequestInput<A>): Asked<A> {
    const writer = new Writer()
    api.request.encode(writer, apiVersion, body)
    const request = api.request.decode(new Reader(Buffer.concat(writer.chunks())), apiVersion)
    const abandoned: (() => void)[] = []
    const behind: (() => void)[] = []
    const sent: (() => void)[] = []
    let closed: string | undefined
    let response: ResponseInput<A> | null | undefined
    const broker = this.parts
    let room: ResponseRoom | undefined
    const context: RequestContext = {
      broker: this.parts,
      apiVersion,
      clientId: 'test',
      peer: '127.0.0.1:5',
      clientSeenMs: this.parts.runtime.clock.nowMs(),
      slab: {} as Slab,
      get room() {
        room ??= broker.responseMemory.room()
        return room
      },
      // Methods, as in a connection: they are of no use without their context.
      afterSent(task) {
        assert(this === context)
        sent.push(task)
      },
      onAbandoned(task) {
        assert(this === context)
        abandoned.push(task)
      },
      onRequestBehind(task) {
        assert(this === context)
        behind.push(task)
      },
      closeConnection(reason) {
        assert(this === context)
        closed = reason
      },
    }
    const answer = Promise.resolve(handle(request, context)).then((given) => {
      // What cannot be encoded would close the connection.
      if (given !== null) api.response.encode(new Writer(), apiVersion, given)
      response = given as ResponseInput<A> | null
      return response
    })
    return {
      answer,
      get response() {
        return response
      },
      get closed() {
        return closed
      },
      abandon: () => {
        for (const task of abandoned) task()
      },
      followUp: () => {
        for (const task of behind) task()
      },
      sent: () => {
        for (const task of sent) task()
        room?.giveBack()
      },
    }
  }
}
