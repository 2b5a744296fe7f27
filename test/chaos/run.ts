// One run: three brokers and Castle as processes, producers of four kinds of clients, a group of two members and a reader, while the plan
// goes wrong; then peace, until all is delivered; then the checkers judge what was seen.
//
//   SDK ──► chaos-safe (Ack -1) ◄── Java, librdkafka, franz-go        group: two SDK members, both topics
//   SDK ──► chaos-fast (Ack 1)                                        reader: without a group, both topics
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AckTimes } from '../bench/pauses.ts'
import { checkAll, type Verdict } from '../checkers/index.ts'
import { Load, type LoadClient, loadClients, loadMissing } from '../clients/load/index.ts'
import { makeTopic } from '../clients/topics.ts'
import { Machines, machinesMissing, root, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { type Done, Faults } from './faults.ts'
import { Member } from './member.ts'
import { Observer } from './observer.ts'
import { type FaultKind, faultKinds, machineKinds, planFaults } from './plan.ts'
import { Recorder } from './recorder.ts'
import { readLogFiles } from './replica-logs.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly minutes: number
  readonly replicationFactor: number
  /** Only these of those that can be here. */
  readonly kinds?: readonly FaultKind[]
  readonly clients?: readonly LoadClient[]
  /** Told what happens. */
  say(line: string): void
  /** Ends the run early; everything is removed all the same. */
  readonly signal: AbortSignal
}

export interface ChaosResult {
  readonly sent: number
  readonly acknowledged: number
  readonly handled: number
  readonly failed: readonly string[]
  readonly verdicts: readonly Verdict[]
  readonly faults: readonly Done[]
  readonly leftOut: ReadonlyMap<FaultKind, number>
  /** By kind of fault: the longest that a partition of the SDK's producer at Ack -1 waited. */
  readonly pausesMs: ReadonlyMap<FaultKind, readonly number[]>
  /** What did not end as it should have. */
  readonly problems: readonly string[]
  /** Kinds of faults and clients that cannot be here, and why. */
  readonly skipped: readonly string[]
}

const safe = 'chaos-safe'
const fast = 'chaos-fast'
const topics = [safe, fast]
const group = 'chaos'
const partitions = 6
/** Messages a second. */
const rates: Record<LoadClient, number> = { sdk: 300, java: 100, librdkafka: 100, 'franz-go': 100 }
const names = ['castle', 'broker-1', 'broker-2', 'broker-3']
const small = 'broker-3'
const settleMs = 90_000

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const run = new ChaosRun(options)
  try {
    return await run.run()
  } finally {
    await run.remove()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #data = mkdtempSync(join(tmpdir(), 'castellan-chaos-'))
  readonly #recorder = new Recorder(performance.timeOrigin + performance.now())
  readonly #acks = new AckTimes()
  readonly #skipped: string[] = []
  readonly #problems: string[] = []
  readonly #loads: Load[] = []
  readonly #members: Member[] = []
  #membersMade = 0
  #machines: Machines | undefined
  #platform: TestPlatform | undefined
  #observer: Observer | undefined

  constructor(options: ChaosOptions) {
    this.#options = options
  }

  async run(): Promise<ChaosResult> {
    const platform = await this.#start()
    const faults = this.#faults(platform)
    await this.#breakThings(faults)
    this.#options.say('peace: all that was sent is to be delivered')
    const unknown = (error: unknown) => this.#problem(`what stands in the logs is not known: ${error}`)
    const isCollected = await this.#collect(platform).then(() => true, unknown)
    const recorder = this.#recorder
    const verdicts = isCollected ? checkAll(recorder) : []
    if (verdicts.some(({ outcome }) => outcome === 'invalid')) this.#problem('a promise was broken')
    if (this.#problems.length > 0) this.#keepLogs(platform)
    return {
      sent: recorder.sent.length,
      acknowledged: recorder.acknowledged.length,
      handled: recorder.distinctHandled,
      failed: recorder.failed.map(({ key, n, why }) => `${key}#${n}: ${why}`),
      verdicts,
      problems: this.#problems,
      faults: faults.done,
      leftOut: faults.leftOut,
      pausesMs: this.#pauses(faults.done),
      skipped: this.#skipped,
    }
  }

  /** Ends and removes everything, whatever state it is in. */
  async remove(): Promise<void> {
    await this.#observer?.stop()
    await Promise.all([...this.#loads, ...this.#members].filter((one) => one.isRunning).map((one) => one.kill()))
    const platform = this.#platform
    const processes = platform?.names.map((name) => platform.process(name)) ?? []
    await Promise.all(processes.filter(({ isRunning }) => isRunning).map((process) => process.kill()))
    this.#machines?.stop()
    rmSync(this.#data, { recursive: true, force: true })
  }

  #problem(text: string): void {
    this.#problems.push(text)
    this.#options.say(text)
  }

  /** What the processes logged, for whoever looks for the reason. */
  #keepLogs(platform: TestPlatform): void {
    const folder = join(root, 'node_modules', '.cache', 'castellan', `chaos-${this.#options.seed}`)
    mkdirSync(folder, { recursive: true })
    for (const name of platform.names) writeFileSync(join(folder, `${name}.log`), platform.logOf(name))
    for (const { options, errors } of this.#loads) writeFileSync(join(folder, `${options.name}.log`), errors)
    writeFileSync(join(folder, 'troubles.json'), JSON.stringify(this.#recorder.troubles, null, 1))
    this.#options.say(`what the processes logged is in ${folder}`)
  }

  // ------------------------------------------------------------ the beginning

  async #start(): Promise<TestPlatform> {
    const { say, minutes } = this.#options
    const missing = machinesMissing()
    for (const name of names) mkdirSync(join(this.#data, name))
    if (missing === undefined) {
      this.#machines = await Machines.start(names)
      this.#machines.mountSmall(small, join(this.#data, small), Math.ceil(96 + minutes * 32))
    } else this.#skipped.push(`${machineKinds.join(', ')}: ${missing}`)
    const machines = this.#machines && { machines: this.#machines }
    const platform = await startPlatform({ brokers: 3, data: this.#data, ...machines })
    this.#platform = platform
    const { replicationFactor } = this.#options
    await makeTopic(platform.castle, { name: safe, partitions, replicationFactor, ackLevel: -1 })
    await makeTopic(platform.castle, { name: fast, partitions, replicationFactor, ackLevel: 1 })
    const { castle, bootstrap } = platform
    this.#observer = new Observer({ castle, bootstrap, topics, partitions, group }, this.#recorder)
    this.#startLoads(platform)
    for (let i = 0; i < 2; i++) this.#addMember(platform)
    await waitFor(
      'all producers to be heard of',
      () => this.#loads.every(({ acknowledged }) => acknowledged > 0),
      60_000,
    )
    this.#observer.watch()
    say(`castle=${castle} bootstrap=${bootstrap} data=${this.#data}`)
    return platform
  }

  #startLoads(platform: TestPlatform): void {
    for (const client of this.#options.clients ?? loadClients) {
      const missing = loadMissing(client)
      if (missing !== undefined) this.#skipped.push(`${client}: ${missing}`)
      else this.#loads.push(this.#load(platform, client, safe, -1))
    }
    // A Kafka client without idempotence, as Ack 1 wants it, promises no order: at Ack 1 there is the SDK.
    this.#loads.push(this.#load(platform, 'sdk', fast, 1))
  }

  #load({ castle, bootstrap }: TestPlatform, client: LoadClient, topic: string, acks: -1 | 1): Load {
    const name = `${client}-${topic}`
    const recorder = this.#recorder
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
        if (client === 'sdk') this.#acks.note(`${topic}/${partition}`, recorder.sinceStart(atMs))
      },
      onFailed: (partition, n, why) => {
        recorder.failed.push({ key: `${name}-${partition}`, n, why })
        this.#options.say(`${name}-${partition}#${n} failed: ${why}`)
      },
    })
  }

  #addMember({ castle }: TestPlatform): Member {
    const name = `member-${++this.#membersMade}`
    const member = new Member({
      castle,
      group,
      name,
      topics,
      onLine: (line) => this.#recorder.handle(group, name, line),
    })
    this.#members.push(member)
    return member
  }

  // ------------------------------------------------------------ the faults

  #faults(platform: TestPlatform): Faults {
    const killConsumer = async (forMs: number) => {
      const member = this.#members.shift()
      await member?.kill()
      await pause(forMs, undefined, { signal: this.#options.signal })
      this.#addMember(platform)
    }
    const smallDisk = { broker: small, filler: join(this.#data, small, 'filler') } as const
    const nowMs = () => this.#recorder.nowMs
    return new Faults({ platform, machines: this.#machines, smallDisk, nowMs, killConsumer }, this.#recorder.troubles)
  }

  async #breakThings(faults: Faults): Promise<void> {
    const { seed, minutes, say, signal } = this.#options
    const possible = faultKinds.filter((kind) => this.#machines !== undefined || !machineKinds.includes(kind))
    const kinds = (this.#options.kinds ?? possible).filter((kind) => possible.includes(kind))
    const beginMs = this.#recorder.nowMs
    const going: Promise<void>[] = []
    const failures: unknown[] = []
    for (const fault of planFaults(seed, kinds, minutes * 60_000)) {
      await pause(Math.max(0, beginMs + fault.atMs - this.#recorder.nowMs), undefined, { signal })
      if (failures.length > 0) throw failures[0]
      this.#checkRunning()
      say(`${(fault.atMs / 1_000).toFixed(1)} s: ${shown(fault)} for ${fault.forMs} ms`)
      going.push(faults.inject(fault, signal).catch((error: unknown) => void failures.push(error)))
    }
    await pause(Math.max(0, beginMs + minutes * 60_000 - this.#recorder.nowMs), undefined, { signal })
    await Promise.all(going)
    if (failures.length > 0) throw failures[0]
  }

  #checkRunning(): void {
    const ended = this.#loads.find(({ isRunning }) => !isRunning)
    if (ended) throw new Error(`${ended.options.name} ended by itself: ${ended.errors.slice(-4_000)}`)
    const gone = this.#members.find(({ isRunning }) => !isRunning)
    if (gone) throw new Error(`a member of the group ended by itself: ${gone.errors.slice(-4_000)}`)
  }

  // ------------------------------------------------------------ the end

  /** Producers deliver what they have, members handle it. What does not come is what the checkers say. */
  async #settle(platform: TestPlatform): Promise<void> {
    await pause(3_000, undefined, { signal: this.#options.signal })
    const all = Promise.all(this.#loads.map((load) => load.stop())).then(() => true)
    const isDelivered = await waitFor('everything to be delivered', () => isSettled(all), settleMs).catch(() => false)
    if (!isDelivered) await this.#late(platform)
    this.#noteSent()
    await this.#until('replicas to be in sync', () => this.#inSync())
    await this.#observer!.readLogs()
    const stored = [...this.#recorder.stored.values()].reduce((sum, records) => sum + records.length, 0)
    await this.#until('everything to be handled', () => this.#recorder.distinctHandled >= stored)
    await Promise.all(this.#members.map((member) => member.stop()))
    await this.#observer!.noteEnd()
    await this.#observer!.stop()
  }

  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await waitFor(what, condition, settleMs).catch((error: unknown) => this.#problem(String(error)))
  }

  /** Says where deliveries are stuck. */
  async #late(platform: TestPlatform): Promise<void> {
    const slow = this.#loads.filter(({ isRunning }) => isRunning).map(({ options }) => options.name)
    this.#problem(`not all was delivered in time: ${slow.join(', ')}`)
    for (const topic of [...topics, '__consumer_offsets']) {
      const states = await this.#observer!.states(topic).catch(() => [])
      const unwell = states.filter(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length)
      for (const state of unwell) this.#options.say(`${topic} ${JSON.stringify(state)}`)
    }
    const brokers = await fetch(`${platform.castle}/api/brokers`)
    this.#options.say(await brokers.text())
  }

  /** What was given to a client is what it counted; of one that did not end well, what it told of. */
  #noteSent(): void {
    for (const { options, sent } of this.#loads) {
      for (const [partition, count] of sent) {
        const key = `${options.name}-${partition}`
        for (let n = 0; n < count; n++) this.#recorder.sent.push({ topic: options.topic, key, n })
      }
      if (sent.size > 0) continue
      const own = this.#recorder.acknowledged.filter(({ key }) => key.startsWith(`${options.name}-`))
      this.#recorder.sent.push(...own.map(({ topic, key, n }) => ({ topic, key, n })))
      this.#recorder.sent.push({ topic: options.topic, key: `${options.name}: what it had not delivered`, n: 0 })
    }
  }

  async #inSync(): Promise<boolean> {
    const states = (await Promise.all(topics.map((topic) => this.#observer!.states(topic)))).flat()
    return states.every(({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length)
  }

  async #collect(platform: TestPlatform): Promise<void> {
    await this.#settle(platform)
    const ids = new Map<string, string>()
    for (const topic of topics) {
      const response = await fetch(`${platform.castle}/api/topics/${topic}`)
      ids.set(topic, ((await response.json()) as { topicId: string }).topicId)
    }
    const ends = new Map(this.#recorder.ends.map((end) => [end.partition, end]))
    await Promise.all(platform.names.slice(1).map((name) => platform.stopOne(name)))
    for (const [topic, id] of ids) {
      for (let partition = 0; partition < partitions; partition++) {
        for (const broker of ends.get(`${topic}/${partition}`)!.replicas) {
          const folder = join(this.#data, `broker-${broker}`, 'logs', id, String(partition))
          const log = readLogFiles(this.#machines?.seen(`broker-${broker}`, folder) ?? folder)
          // Nothing is sent any more, and all are in sync: what is there, is safe.
          const inSync = ends.get(`${topic}/${partition}`)!.isr.includes(broker)
          const highWatermark = this.#recorder.stored.get(`${topic}/${partition}`)!.length
          this.#recorder.replicaLogs.push({ ...log, partition: `${topic}/${partition}`, broker, inSync, highWatermark })
        }
      }
    }
    await platform.stopOne('castle')
  }

  #pauses(done: readonly Done[]): Map<FaultKind, number[]> {
    const pauses = new Map<FaultKind, number[]>()
    for (const { fault, fromMs, untilMs } of done) {
      const each = Array.from({ length: partitions }, (_, partition) =>
        this.#acks.pauseMs(`${safe}/${partition}`, fromMs, untilMs + 2_000),
      )
      pauses.set(fault.kind, [...(pauses.get(fault.kind) ?? []), Math.max(...each)])
    }
    return pauses
  }
}

function shown({ kind, broker, from, to }: { kind: FaultKind; broker: number; from: string; to: string }): string {
  if (kind === 'cut') return `cut between ${from} and ${to}`
  if (kind === 'cut-one-way') return `cut from ${from} to ${to}`
  const ofBroker: readonly FaultKind[] = [
    'kill-broker',
    'restart-broker',
    'hang-broker',
    'kill-castle-and-broker',
    'isolate',
  ]
  return ofBroker.includes(kind) ? `${kind} ${broker}` : kind
}

/** Whether a promise is settled now. Rejects as it does. */
function isSettled(promise: Promise<true>): Promise<boolean> {
  return Promise.race([promise, new Promise<false>((resolve) => setImmediate(resolve, false))])
}
