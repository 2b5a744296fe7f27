// For tests: a broker that answers as it is told. It speaks the real protocol on a real socket, one handler for each API.

import type { AnyApi, Api } from '@castellan/protocol'
import {
  apis,
  apiVersions,
  decodeRequestHeader,
  encodeResponse,
  type Frame,
  FrameReader,
  metadata,
  Reader,
  type RequestOf,
  type ResponseInput,
  SlabPool,
} from '@castellan/protocol'
import { type Connection, type Listener, nodeRuntime, type Runtime, silentLogger } from '@castellan/protocol/runtime'
import { KafkaClient } from '../kafka/client.ts'

/** 'silence': never answered.   'close': the connection breaks instead. */
type Reply<A extends Api> = ResponseInput<A> | 'silence' | 'close'
type Handler = (body: unknown, version: number) => Reply<AnyApi> | Promise<Reply<AnyApi>>

interface Topic {
  readonly id: string
  readonly partitions: number
  leaderEpoch: number
}

export class FakeBroker {
  readonly runtime: Runtime = nodeRuntime()
  /** Names of the APIs asked, in order; ApiVersions left out. */
  readonly asked: string[] = []
  readonly topics = new Map<string, Topic>()
  connections = 0
  /** Answers unknown versions of ApiVersions in v0, as older brokers do. */
  oldApiVersions = false
  /** Changes answers on their way: correlation ids, for one. */
  garble: ((bytes: Uint8Array) => void) | null = null
  readonly #handlers = new Map<number, Handler>()
  readonly #open = new Set<Connection>()
  readonly #clients: KafkaClient[] = []
  #listener: Listener | null = null

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker()
    broker.#listener = await broker.runtime.network.listen({ host: '127.0.0.1', port: 0 }, (one) => broker.#accept(one))
    const all = [...apis.values()].map(({ key, versions: [minVersion, maxVersion] }) => ({
      apiKey: key,
      minVersion,
      maxVersion,
    }))
    broker.on(apiVersions, () => ({ errorCode: 0, apiKeys: all }))
    broker.on(metadata, ({ topics }) => broker.#metadata(topics))
    return broker
  }

  get address() {
    return this.#listener!.address
  }

  on<A extends Api>(api: A, handler: (body: RequestOf<A>, version: number) => Reply<A> | Promise<Reply<A>>): void {
    this.#handlers.set(api.key, handler as unknown as Handler)
  }

  /** A client that starts from here; closed with the broker. */
  client({ runtime = this.runtime, ...options }: { requestTimeoutMs?: number; runtime?: Runtime } = {}): KafkaClient {
    const client = new KafkaClient(runtime, { bootstrap: [this.address], clientId: 'test', ...options }, silentLogger)
    this.#clients.push(client)
    return client
  }

  /** Breaks every connection. */
  hangUp(): void {
    for (const connection of [...this.#open]) connection.destroy()
  }

  /** As a process that was stopped (SIGSTOP): takes connections, and answers nothing any more, not even ApiVersions. */
  hang(): void {
    for (const key of this.#handlers.keys()) this.#handlers.set(key, () => 'silence')
  }

  /** New connections are refused. */
  async stopListening(): Promise<void> {
    await this.#listener?.close()
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close()
    this.hangUp()
    await this.stopListening()
  }

  #accept(connection: Connection): void {
    this.connections++
    this.#open.add(connection)
    const pool = new SlabPool({ slabBytes: 64 * 1024, keepBytesMax: 1024 * 1024, poison: true })
    let last: Promise<void> = Promise.resolve()
    const frames = new FrameReader(pool, {
      maxFrameBytes: 64 * 1024 * 1024,
      onFrame: (frame) => {
        const bytes = Uint8Array.prototype.slice.call(frame.slab.bytes, frame.start, frame.end)
        // In order, as a broker answers.
        last = last.then(() => this.#answer(connection, bytes))
      },
      onError: () => connection.destroy(),
    } satisfies { maxFrameBytes: number; onFrame: (frame: Frame) => void; onError: () => void })
    connection.start({
      readBuffer: () => frames.readBuffer(),
      onRead: (length) => frames.onRead(length),
      onDrain: () => {},
      onClose: () => {
        frames.close()
        this.#open.delete(connection)
      },
    })
  }

  async #answer(connection: Connection, bytes: Uint8Array): Promise<void> {
    const reader = new Reader(bytes)
    const { apiKey, apiVersion, correlationId } = decodeRequestHeader(reader)
    const api = apis.get(apiKey)!
    if (api.key !== apiVersions.key) this.asked.push(api.name)
    const handler = this.#handlers.get(apiKey)
    if (handler === undefined) return connection.destroy()
    const reply = await handler(api.request.decode(reader, apiVersion), apiVersion)
    if (reply === 'close') return connection.destroy()
    if (reply === 'silence') return
    const version = api.key === apiVersions.key && this.oldApiVersions ? 0 : apiVersion
    const chunks = encodeResponse(api, version, correlationId, reply)
    if (api.key !== apiVersions.key) this.garble?.(chunks[0]!)
    connection.write(chunks)
  }

  #metadata(asked: RequestOf<typeof metadata>['topics']): ResponseInput<typeof metadata> {
    const names =
      asked === null ? [...this.topics.keys()] : asked.map(({ name, topicId }) => name ?? this.#nameOf(topicId))
    const { host, port } = this.address
    return {
      brokers: [{ nodeId: 1, host, port }],
      topics: names.map((name) => {
        const topic = this.topics.get(name)
        if (topic === undefined) return { errorCode: 3, name, partitions: [] }
        const { id: topicId, leaderEpoch } = topic
        const partitions = Array.from({ length: topic.partitions }, (_, partitionIndex) => ({
          errorCode: 0,
          partitionIndex,
          leaderId: 1,
          leaderEpoch,
          replicaNodes: [1],
          isrNodes: [1],
        }))
        return { errorCode: 0, name, topicId, partitions }
      }),
    }
  }

  #nameOf(topicId: string): string {
    return [...this.topics].find(([, { id }]) => id === topicId)?.[0] ?? 'unknown'
  }
}
