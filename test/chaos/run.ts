// One run: a scene at work while the plan goes wrong; then peace, until all is delivered; then the checkers judge what was seen.
import { setTimeout as pause } from 'node:timers/promises'
import { checkAll, describe, type Verdict } from '../checkers/index.ts'
import type { LoadClient } from '../clients/load/index.ts'
import { waitFor } from '../processes/index.ts'
import { type Done, Faults } from './faults.ts'
import { type Fault, type FaultKind, faultKinds, machineKinds, planFaults } from './plan.ts'
import { readLogFiles } from './replica-logs.ts'
import { partitions, Scene, safe, topics } from './scene.ts'
import { takeTurns } from './turns.ts'

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
  /** Empty when what stands in the logs is not known. */
  readonly verdicts: readonly Verdict[]
  readonly faults: readonly Done[]
  /** Faults that the seed had for the time of this run. */
  readonly planned: number
  /** By kind of fault: the longest that a partition of the SDK's producer at Ack -1 waited around each. */
  readonly pausesMs: ReadonlyMap<FaultKind, readonly number[]>
  /** What did not end as it should have; none: the run is good. */
  readonly problems: readonly string[]
  /** Kinds of faults and clients that cannot be here, and why. */
  readonly skipped: readonly string[]
}

const settleMs = 90_000
/** Clients may still be on their way to a new leader so long after a fault. */
const afterMs = 2_000

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { replicationFactor, clients, say, minutes } = options
  const diskMebibytes = Math.ceil(96 + minutes * 32)
  const scene = await Scene.start({ replicationFactor, diskMebibytes, say, ...(clients && { clients }) })
  try {
    return await new ChaosRun(options, scene).run()
  } finally {
    await scene.remove()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #scene: Scene
  readonly #problems: string[] = []

  constructor(options: ChaosOptions, scene: Scene) {
    this.#options = options
    this.#scene = scene
  }

  async run(): Promise<ChaosResult> {
    const { recorder, skipped } = this.#scene
    const faults = new Faults(this.#scene.victims(this.#options.signal), recorder.troubles)
    const planned = await this.#breakThings(faults)
    this.#options.say('peace: all that was sent is to be delivered')
    const unknown = (error: unknown) => this.#problem(`what stands in the logs is not known: ${error}`)
    const isCollected = await this.#collect().then(() => true, unknown)
    const verdicts = isCollected ? checkAll(recorder) : []
    if (verdicts.some(({ outcome }) => outcome === 'invalid')) this.#problem('a promise was broken')
    if (recorder.failed.length > 0) this.#problem(`${recorder.failed.length} sends failed`)
    if (this.#problems.length > 0) await this.#scene.keepLogs(`chaos-${this.#options.seed}`)
    return {
      sent: recorder.sent.length,
      acknowledged: recorder.acknowledged.length,
      handled: recorder.distinctHandled,
      failed: recorder.failed.map(({ key, n, why }) => `${key}#${n}: ${why}`),
      verdicts,
      problems: this.#problems,
      faults: faults.done,
      planned,
      pausesMs: this.#pauses(faults.done),
      skipped,
    }
  }

  #problem(text: string): void {
    this.#problems.push(text)
    this.#options.say(text)
  }

  // ------------------------------------------------------------ the faults

  /** Resolves with how many there could have been. */
  async #breakThings(faults: Faults): Promise<number> {
    const { seed, minutes, say, signal } = this.#options
    const { recorder } = this.#scene
    const possible = faultKinds.filter((kind) => this.#scene.hasMachines || !machineKinds.includes(kind))
    const kinds = (this.#options.kinds ?? possible).filter((kind) => possible.includes(kind))
    const beginMs = recorder.nowMs
    const nowMs = () => recorder.nowMs - beginMs
    const until = (atMs: number) => pause(Math.max(0, atMs - nowMs()), undefined, { signal })
    const untilMs = minutes * 60_000
    const going: Promise<void>[] = []
    const failures: unknown[] = []
    const plan = planFaults(seed, kinds, untilMs)
    await takeTurns(plan, untilMs, {
      nowMs,
      until,
      untilWell: (fault) => faults.untilWell(fault),
      begin: (fault, waitedMs) => {
        if (failures.length > 0) throw failures[0]
        this.#scene.checkClients()
        const waited = waitedMs < 1 ? '' : `, ${waitedMs.toFixed(0)} ms later: its victim was in trouble`
        say(`${(recorder.nowMs / 1_000).toFixed(1)} s: ${shown(fault)} for ${fault.forMs} ms${waited}`)
        going.push(faults.inject(fault, signal).catch((error: unknown) => void failures.push(error)))
      },
    })
    await until(untilMs)
    await Promise.all(going)
    if (failures.length > 0) throw failures[0]
    return plan.length
  }

  #pauses(done: readonly Done[]): Map<FaultKind, number[]> {
    const pauses = new Map<FaultKind, number[]>()
    for (const { fault, fromMs, untilMs } of done) {
      const each = Array.from({ length: partitions }, (_, partition) =>
        this.#scene.acks.pauseMs(`${safe}/${partition}`, fromMs, untilMs + afterMs),
      )
      pauses.set(fault.kind, [...(pauses.get(fault.kind) ?? []), Math.max(...each)])
    }
    return pauses
  }

  // ------------------------------------------------------------ the end

  /** Producers deliver what they have, members handle it, everything stops; what does not come is what the checkers say. */
  async #collect(): Promise<void> {
    const { loads, members, observer, platform, recorder } = this.#scene
    const all = Promise.all(loads.map((load) => load.stop())).then((): true => true)
    const isDelivered = await waitFor('everything to be delivered', () => isSettled(all), settleMs).catch(() => false)
    if (!isDelivered) await this.#late()
    this.#noteSent()
    await this.#until('replicas to be in sync', () => this.#inSync())
    await observer.readLogs()
    const stored = new Set([...recorder.stored.values()].flat().map(describe))
    await this.#until('everything to be handled', () => recorder.distinctHandled >= stored.size)
    await Promise.all(members.map((member) => member.stop()))
    // A busy machine may throw somebody out of sync at any moment: all are to be in sync when that is noted.
    await this.#until('replicas to be in sync at the end', async () => {
      await observer.noteEnd()
      return recorder.ends.every(({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length)
    })
    const states = await Promise.all(topics.map((topic) => observer.topic(topic)))
    await observer.stop()
    await Promise.all(platform.names.slice(1).map((name) => platform.stopOne(name)))
    await platform.stopOne('castle')
    for (const { name, topicId, losses } of states) {
      if (losses > 0) this.#problem(`${name}: Castle counted ${losses} elections that lost something`)
      this.#noteReplicas(name, topicId)
    }
  }

  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await waitFor(what, condition, settleMs).catch((error: unknown) => this.#problem(String(error)))
  }

  /** Says where deliveries are stuck. */
  async #late(): Promise<void> {
    const { loads, observer } = this.#scene
    const slow = loads.filter(({ isRunning }) => isRunning).map(({ options }) => options.name)
    this.#problem(`not all was delivered in time: ${slow.join(', ')}`)
    for (const topic of [...topics, '__consumer_offsets']) {
      const { partitions } = await observer.topic(topic)
      const unwell = partitions.filter(({ leader, isr, replicas }) => leader < 0 || isr.length < replicas.length)
      for (const state of unwell) this.#options.say(`${topic} ${JSON.stringify(state)}`)
    }
  }

  /** What was given to a client is what it counted; of one that did not end well, what it told of. */
  #noteSent(): void {
    const { loads, recorder } = this.#scene
    for (const { options, sent } of loads) {
      const { name, topic } = options
      for (const [partition, count] of sent) {
        for (let n = 0; n < count; n++) recorder.sent.push({ topic, key: `${name}-${partition}`, n })
      }
      if (sent.size > 0) continue
      const own = recorder.acknowledged.filter(({ key }) => key.startsWith(`${name}-`))
      recorder.sent.push(...own.map(({ topic, key, n }) => ({ topic, key, n })))
      recorder.sent.push({ topic, key: `${name}: what it had not delivered`, n: 0 })
    }
  }

  async #inSync(): Promise<boolean> {
    const states = await Promise.all(topics.map((topic) => this.#scene.observer.topic(topic)))
    const all = states.flatMap(({ partitions }) => partitions)
    return all.every(({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length)
  }

  /** The files of all replicas. Nothing is sent any more, and all are in sync: what is there, is safe. */
  #noteReplicas(topic: string, topicId: string): void {
    const { recorder } = this.#scene
    for (let index = 0; index < partitions; index++) {
      const partition = `${topic}/${index}`
      const end = recorder.ends.find((end) => end.partition === partition)!
      const highWatermark = (recorder.stored.get(partition)?.at(-1)?.offset ?? -1) + 1
      for (const broker of end.replicas) {
        const log = readLogFiles(this.#scene.logFolder(broker, topicId, index))
        recorder.replicaLogs.push({ ...log, partition, broker, inSync: end.isr.includes(broker), highWatermark })
      }
    }
  }
}

/** Whether a promise is settled now. Rejects as it does. */
function isSettled(promise: Promise<true>): Promise<boolean> {
  return Promise.race([promise, new Promise<false>((resolve) => setImmediate(resolve, false))])
}

const ofBroker: readonly FaultKind[] = [
  'kill-broker',
  'restart-broker',
  'hang-broker',
  'kill-castle-and-broker',
  'isolate',
]

function shown({ kind, broker, from, to }: Fault): string {
  if (kind === 'cut') return `cut between ${from} and ${to}`
  if (kind === 'cut-one-way') return `cut from ${from} to ${to}`
  return ofBroker.includes(kind) ? `${kind} ${broker}` : kind
}
