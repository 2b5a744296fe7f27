// Castle and brokers in the test's own process, on real sockets and disks: quick to start, for what no process has to die for.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerConfig, type RunningBroker, startBroker } from '@castellan/broker'
import { castleConfig, type RunningCastle, startCastle } from '@castellan/castle'
import { silentLogger } from '@castellan/protocol/runtime'
import { waitFor } from '../processes/index.ts'

const loopback = { host: '127.0.0.1', port: 0 }

export class InProcess {
  readonly castle: RunningCastle
  readonly brokers: readonly RunningBroker[]
  readonly #folder: string

  private constructor(folder: string, castle: RunningCastle, brokers: readonly RunningBroker[]) {
    this.#folder = folder
    this.castle = castle
    this.brokers = brokers
  }

  static async start(count: number): Promise<InProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-api-'))
    const castle = await startCastle(
      castleConfig({
        dataFolder: join(folder, 'castle'),
        listen: loopback,
        offsetsTopicBrokers: count,
        offsetsTopicWaitMs: 60_000,
      }),
      silentLogger,
    )
    const brokers = await Promise.all(
      Array.from({ length: count }, (_, index) => {
        const dataFolder = join(folder, `broker-${index + 1}`)
        const given = { brokerId: index + 1, castle: [castle.url], listen: loopback, dataFolder }
        return startBroker(brokerConfig(given), silentLogger)
      }),
    )
    const platform = new InProcess(folder, castle, brokers)
    await waitFor('all brokers', async () => {
      return (await platform.call('GET', '/api/health')).value.clusters[0]?.brokersUp === count
    })
    await waitFor('the topic of offsets', async () => {
      return (await platform.call('GET', '/api/topics/__consumer_offsets')).status === 200
    })
    return platform
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const type = { 'content-type': 'application/json', ...headers }
    const init = body === undefined ? { headers } : { body: JSON.stringify(body), headers: type }
    const response = await fetch(this.castle.url + path, { method, ...init })
    const text = await response.text()
    return { status: response.status, value: text === '' ? undefined : JSON.parse(text) }
  }

  async stop(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop()))
    await this.castle.stop()
    rmSync(this.#folder, { recursive: true })
  }
}
