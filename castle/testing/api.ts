// Castle's HTTP API for tests: over a store in memory, asked without a network, with brokers that exist in name only.
import { LoopWatch, nodeRuntime, silentLogger, sleep } from '@castellan/protocol/runtime'
import { Castle } from '../castle.ts'
import { type CastleConfig, castleConfig } from '../config.ts'
import { type HttpServer, serveHttp } from '../http/server.ts'
import { MemoryDisk, MemoryStore } from '../store/memory.ts'
import { TestBroker, TestClient } from './senders.ts'

/** Nobody shall be called dead because the machine is busy; who wants that says so. */
export const brokerLeaseMs = 20_000

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** The body parsed, where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly value: any
  readonly text: string
}

export class TestApi {
  readonly castle: Castle
  readonly server: HttpServer
  readonly #loop: LoopWatch
  readonly #senders: (TestBroker | TestClient)[] = []

  private constructor(castle: Castle, server: HttpServer, loop: LoopWatch) {
    this.castle = castle
    this.server = server
    this.#loop = loop
  }

  /** `beforeCommit` may throw, as a disk does. */
  static async start(config: Partial<CastleConfig> = {}, beforeCommit = async () => {}): Promise<TestApi> {
    const runtime = nodeRuntime()
    const ofTests = { dataFolder: '/nowhere', listen: { host: '127.0.0.1', port: 0 }, brokerLeaseMs }
    const settings = castleConfig({ ...ofTests, ...config })
    const store = new MemoryStore(new MemoryDisk(), { beforeCommit })
    const loop = new LoopWatch(silentLogger)
    const castle = await Castle.start(runtime, { store, settings, log: silentLogger })
    return new TestApi(
      castle,
      await serveHttp(castle, settings, runtime, silentLogger, { release: 'test', loop }),
      loop,
    )
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.address.port}`
  }

  async call(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await this.server.app.inject({
      method: method as 'GET',
      url,
      ...payload,
      headers: { host: 'localhost', ...type, ...headers },
    })
    const isJson = String(answer.headers['content-type']).includes('json')
    const value = isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined
    return { status: answer.statusCode, headers: answer.headers, value, text: answer.body }
  }

  get(url: string, headers?: Record<string, string>): Promise<Answer> {
    return this.call('GET', url, undefined, headers)
  }

  /** Brokers 1 to `count`, registered; nothing listens at their addresses. */
  async startBrokers(count: number): Promise<TestBroker[]> {
    const brokers = Array.from({ length: count }, (_, index) => {
      return new TestBroker(nodeRuntime(), index + 1, { port: 1 }, { urls: [this.url] })
    })
    this.#senders.push(...brokers)
    await until(() => brokers.every((broker) => broker.topic('__consumer_offsets') !== undefined), 'brokers are there')
    return brokers
  }

  async startClient(id: string, report: ConstructorParameters<typeof TestClient>[2] = {}): Promise<TestClient> {
    const client = new TestClient(nodeRuntime(), id, report, { urls: [this.url] })
    this.#senders.push(client)
    await until(() => client.cluster !== undefined, `client ${id} is there`)
    return client
  }

  async stop(): Promise<void> {
    await Promise.all(this.#senders.map(({ sender }) => sender.stop()))
    await this.server.close()
    await this.castle.stop()
    this.#loop.stop()
  }
}

/** A busy machine is slow, not wrong. */
const untilMsMax = 30_000

/** Resolves when `condition` holds; rejects when it does not for long. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const { clock } = nodeRuntime()
  const untilMs = clock.nowMs() + untilMsMax
  while (!(await condition())) {
    if (clock.nowMs() > untilMs) throw new Error(`not within ${untilMsMax / 1_000} s: ${what}`)
    await sleep(clock, 2)
  }
}
