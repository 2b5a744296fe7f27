// Who is at work in a run: three brokers and Castle as processes, producers of four kinds of clients, a group of two members and a reader.
// Everything of it is ended and removed by `remove`, whatever state it is in.
//
//   SDK ──► chaos-safe (Ack -1) ◄── Java, librdkafka, franz-go        group: two SDK members, both topics
//   SDK ──► chaos-fast (Ack 1)                                        reader: without a group, both topics
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AckTimes } from '../bench/pauses.ts'
import { Load, type LoadClient, loadClients, loadMissing } from '../clients/load/index.ts'
import { makeTopic } from '../clients/topics.ts'
import { Machines, machinesMissing, root, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import type { Victims } from './faults.ts'
import { Member } from './member.ts'
import { Observer, type WatchedBroker } from './observer.ts'
import { machineKinds } from './plan.ts'
import { ChaosRecorder } from './recorder.ts'

export const safe = 'chaos-safe'
export const fast = 'chaos-fast'
export const topics = [safe, fast]
export const partitions = 6
const group = 'chaos'
/** Messages a second. */
const rates: Record<LoadClient, number> = { sdk: 300, java: 100, librdkafka: 100, 'franz-go': 100 }
const machineNames = ['castle', 'broker-1', 'broker-2', 'broker-3']
const small = 'broker-3'

export interface SceneOptions {
  readonly replicationFactor: number
  /** Of the broker that has a small disk. */
  readonly diskMebibytes: number
  readonly clients?: readonly LoadClient[]
  say(line: string): void
}

export class Scene {
  readonly recorder = new ChaosRecorder(performance.timeOrigin + performance.now())
  /** Of the SDK's producer at Ack -1. */
  readonly acks = new AckTimes()
  /** Kinds of faults and clients that cannot be here, and why. */
  readonly skipped: string[] = []
  readonly loads: Load[] = []
  readonly members: Member[] = []
  readonly #options: SceneOptions
  readonly #data = mkdtempSync(join(tmpdir(), 'castellan-chaos-'))
  #membersMade = 0
  #machines: Machines | undefined
  #platform: TestPlatform | undefined
  #observer: Observer | undefined

  /** Resolves when all work. */
  static async start(options: SceneOptions): Promise<Scene> {
    const scene = new Scene(options)
    try {
      await scene.#start()
      return scene
    } catch (error) {
      await scene.remove()
      throw error
    }
  }

  private constructor(options: SceneOptions) {
    this.#options = options
  }

  get platform(): TestPlatform {
    if (this.#platform === undefined) throw new Error('nothing runs yet')
    return this.#platform
  }

  get observer(): Observer {
    if (this.#observer === undefined) throw new Error('nothing runs yet')
    return this.#observer
  }

  get hasMachines(): boolean {
    return this.#machines !== undefined
  }

  /** What faults may be done to. */
  victims(signal: AbortSignal): Victims {
    return {
      platform: this.platform,
      machines: this.#machines,
      smallDisk: { broker: small, filler: join(this.#data, small, 'filler') },
      nowMs: () => this.recorder.nowMs,
      killConsumer: async (forMs) => {
        await this.members.shift()?.kill()
        await pause(forMs, undefined, { signal })
        this.#addMember()
      },
    }
  }

  /** Throws when a client ended by itself. */
  checkClients(): void {
    const ended = this.loads.find(({ isRunning }) => !isRunning)
    if (ended) throw new Error(`${ended.options.name} ended by itself: ${ended.errors.slice(-4_000)}`)
    const gone = this.members.find(({ isRunning }) => !isRunning)
    if (gone) throw new Error(`a member of the group ended by itself: ${gone.errors.slice(-4_000)}`)
  }

  /** Where a broker keeps a log, as it is reached from here. */
  logFolder(broker: number, topicId: string, partition: number): string {
    const folder = join(this.#data, `broker-${broker}`, 'logs', topicId, String(partition))
    return this.#machines?.seen(`broker-${broker}`, folder) ?? folder
  }

  /** What the processes logged, for whoever looks for the reason. */
  async keepLogs(name: string): Promise<void> {
    const folder = join(root, 'node_modules', '.cache', 'castellan', name)
    mkdirSync(folder, { recursive: true })
    const keep = (file: string, text: string) => writeFileSync(join(folder, file), text)
    for (const name of this.platform.names) keep(`${name}.log`, this.platform.logOf(name))
    for (const { options, errors } of this.loads) keep(`${options.name}.log`, errors)
    const { troubles, replicaLogs, stored, acknowledged } = this.recorder
    keep('troubles.json', JSON.stringify(troubles, null, 1))
    const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('')
    keep('acknowledged.jsonl', lines(acknowledged))
    keep('stored.jsonl', lines([...stored].flatMap(([partition, all]) => all.map((one) => ({ partition, ...one })))))
    for (const { partition, broker, batches } of replicaLogs) {
      keep(`batches-${partition.replace('/', '-')}-broker-${broker}.jsonl`, lines(batches))
    }
    this.#options.say(`what the processes logged is in ${folder}`)
  }

  async remove(): Promise<void> {
    await this.#observer?.stop()
    await Promise.all([...this.loads, ...this.members].filter((one) => one.isRunning).map((one) => one.kill()))
    await this.#platform?.killAll()
    this.#machines?.stop()
    rmSync(this.#data, { recursive: true, force: true })
  }

  async #start(): Promise<void> {
    const { say, replicationFactor, diskMebibytes } = this.#options
    const missing = machinesMissing()
    for (const name of machineNames) mkdirSync(join(this.#data, name))
    if (missing === undefined) {
      this.#machines = await Machines.start(machineNames)
      this.#machines.mountSmall(small, join(this.#data, small), diskMebibytes)
    } else this.skipped.push(`${machineKinds.join(', ')}: ${missing}`)
    const machines = this.#machines && { machines: this.#machines }
    this.#platform = await startPlatform({ brokers: 3, data: this.#data, metrics: true, ...machines })
    const { castle, bootstrap } = this.#platform
    await makeTopic(castle, { name: safe, partitions, replicationFactor, ackLevel: -1 })
    await makeTopic(castle, { name: fast, partitions, replicationFactor, ackLevel: 1 })
    const watched = { castle, bootstrap, topics, partitions, group, brokers: brokersOf(this.#platform) }
    this.#observer = new Observer(watched, this.recorder)
    this.#startLoads()
    for (let i = 0; i < 2; i++) this.#addMember()
    const heardOf = () => this.loads.every(({ acknowledged }) => acknowledged > 0)
    await waitFor('all producers to be heard of', heardOf, 60_000)
    this.#observer.watch()
    say(`castle=${castle} bootstrap=${bootstrap} data=${this.#data}`)
  }

  #startLoads(): void {
    for (const client of this.#options.clients ?? loadClients) {
      const missing = loadMissing(client)
      if (missing !== undefined) this.skipped.push(`${client}: ${missing}`)
      else this.loads.push(this.#load(client, safe, -1))
    }
    // A Kafka client without idempotence, as Ack 1 wants it, promises no order: at Ack 1 there is the SDK.
    this.loads.push(this.#load('sdk', fast, 1))
  }

  #load(client: LoadClient, topic: string, acks: -1 | 1): Load {
    const { castle, bootstrap } = this.platform
    const { recorder } = this
    const name = `${client}-${topic}`
    return new Load({
      client,
      castle,
      bootstrap,
      topic,
      partitions,
      acks,
      name,
      perSecond: rates[client],
      onAck: (partition, n, offset, atMs) => {
        recorder.acknowledge(topic, acks, `${name}-${partition}`, partition, n, offset, atMs)
        if (client === 'sdk') this.acks.note(`${topic}/${partition}`, recorder.sinceStart(atMs))
      },
      onFailed: (partition, n, why) => {
        recorder.failed.push({ key: `${name}-${partition}`, n, why })
        this.#options.say(`${name}-${partition}#${n} failed: ${why}`)
      },
    })
  }

  #addMember(): void {
    const name = `member-${++this.#membersMade}`
    const { castle } = this.platform
    const onLine = (line: string) => this.recorder.handle(group, name, line)
    this.members.push(new Member({ castle, group, name, topics, onLine }))
  }
}

function brokersOf(platform: TestPlatform): WatchedBroker[] {
  return platform.names.slice(1).map((name, index) => ({
    id: index + 1,
    metrics: platform.metricsOf(name),
    life: () => `${name}.${platform.process(name).pid}`,
  }))
}
