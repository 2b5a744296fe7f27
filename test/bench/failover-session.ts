// Producers of one client at work on a cluster, and rounds in which one broker is broken and mended under them.
import { Load, type LoadClient } from '../clients/load/index.ts'
import { waitFor } from '../processes/index.ts'
import { type BenchCluster, brokerIds, type PartitionState } from './clusters.ts'
import type { FaultName } from './failover.ts'
import { AckTimes } from './pauses.ts'

export interface Pause {
  readonly acks: -1 | 1
  /** What the broken broker was to the partitions that this is about. */
  readonly role: 'leader' | 'follower'
  /** The longest of them. */
  readonly pauseMs: number
  /** The longest that any partition saw from the broker's return until all was as before. */
  readonly backMs: number
  readonly failed: number
}

interface Flow {
  readonly acks: -1 | 1
  readonly topic: string
  readonly load: Load
}

interface Shape {
  readonly partitions: number
  readonly replicationFactor: number
  readonly perSecond: number
  /** Without a change of leaders before each round. */
  readonly restMs: number
  /** See LoadOptions. */
  readonly timeoutMs: number | undefined
}

/** Kafka takes ten seconds to notice; a client may need a while longer. */
const goneOnMs = 60_000
const settleMs = 90_000
const broken = { leastMs: 1_500, flowingMs: 300 }

let sessions = 0

export class Session {
  readonly #cluster: BenchCluster
  readonly #shape: Shape
  readonly #flows: readonly Flow[]
  readonly #acks: AckTimes

  static async start(cluster: BenchCluster, client: LoadClient, shape: Shape): Promise<Session> {
    const acks = new AckTimes()
    const flows: Flow[] = []
    const session = new Session(cluster, shape, flows, acks)
    sessions++
    try {
      for (const ackLevel of [-1, 1] as const) {
        const topic = `failover-${sessions}-ack${ackLevel}`
        const { partitions, replicationFactor } = shape
        await cluster.makeTopic({ name: topic, partitions, replicationFactor, ackLevel })
        flows.push({ acks: ackLevel, topic, load: session.#load(client, topic, ackLevel) })
      }
      return session
    } catch (error) {
      await session.stop()
      throw error
    }
  }

  private constructor(cluster: BenchCluster, shape: Shape, flows: readonly Flow[], acks: AckTimes) {
    this.#cluster = cluster
    this.#shape = shape
    this.#flows = flows
    this.#acks = acks
  }

  #load(client: LoadClient, topic: string, acks: -1 | 1): Load {
    const { castle, bootstrap } = this.#cluster
    return new Load({
      client,
      castle,
      bootstrap,
      topic,
      acks,
      timeoutMs: this.#shape.timeoutMs,
      partitions: this.#shape.partitions,
      perSecond: this.#shape.perSecond / 2,
      name: `${client}-${acks}`,
      onAck: (partition, _n, _offset, atMs) => this.#acks.note(`${topic}/${partition}`, atMs),
      onFailed: (partition, n, why) =>
        console.log(`${client} at Ack ${acks}: ${topic}/${partition} #${n} failed: ${why}`),
    })
  }

  /** Breaks one broker, another one each round, and says what the producers saw. */
  async round(fault: FaultName, round: number): Promise<Pause[]> {
    await this.#settled()
    await this.#rested()
    const before = await this.#states()
    const victim = this.#victim(before, round)
    const failedBefore = this.#flows.map(({ load }) => load.failed)

    const fromMs = now()
    await this.#break(fault, victim)
    // What has no other replica waits for its broker.
    if (this.#shape.replicationFactor > 1) await this.#goesOn(fromMs)
    const returnMs = now()
    await this.#mend(fault, victim)
    await this.#settled()
    const untilMs = now()

    const pauses = this.#flows.flatMap(({ acks, topic, load }, index) => {
      const backMs = this.#longest(topic, before[index]!, returnMs, untilMs)
      const failed = load.failed - failedBefore[index]!
      const led = before[index]!.filter(({ leader }) => leader === victim)
      const followed = before[index]!.filter(({ leader, replicas }) => leader !== victim && replicas.includes(victim))
      const end = this.#shape.replicationFactor > 1 ? returnMs : untilMs
      return [
        { acks, role: 'leader' as const, pauseMs: this.#longest(topic, led, fromMs, end), backMs, failed },
        { acks, role: 'follower' as const, pauseMs: this.#longest(topic, followed, fromMs, end), backMs, failed },
      ].filter(({ role }) => (role === 'leader' ? led : followed).length > 0)
    })
    this.#acks.dropBefore(untilMs - 1_000)
    return pauses
  }

  async stop(): Promise<void> {
    await Promise.all(this.#flows.map(({ load }) => (load.isRunning ? load.stop() : load.ended)))
  }

  #longest(topic: string, partitions: readonly PartitionState[], fromMs: number, untilMs: number): number {
    return Math.max(
      0,
      ...partitions.map(({ partition }) => this.#acks.pauseMs(`${topic}/${partition}`, fromMs, untilMs)),
    )
  }

  /** The broker whose turn it is, or the next that leads something of both topics. */
  #victim(states: readonly PartitionState[][], round: number): number {
    const order = brokerIds.map((_, index) => brokerIds[(round + index) % brokerIds.length]!)
    const leads = (id: number) => states.every((topic) => topic.some(({ leader }) => leader === id))
    return order.find(leads) ?? order[0]!
  }

  async #break(fault: FaultName, broker: number): Promise<void> {
    if (fault === 'kill') await this.#cluster.kill(broker)
    else if (fault === 'hang') this.#cluster.signal(broker, 'SIGSTOP')
    else this.#cluster.isolate(broker)
  }

  async #mend(fault: FaultName, broker: number): Promise<void> {
    if (fault === 'kill') await this.#cluster.restart(broker)
    else if (fault === 'hang') this.#cluster.signal(broker, 'SIGCONT')
    else this.#cluster.heal()
  }

  /**
   * Clients bound how often they ask who leads (franz-go: each five seconds), and learn of each change of leaders. A cluster lies well for
   * longer than that between two deaths, so a round begins only when nothing has changed for so long.
   */
  async #rested(): Promise<void> {
    let leaders = ''
    let sinceMs = now()
    await waitFor(
      'the cluster to rest',
      async () => {
        const seen = (await this.#states())
          .flat()
          .map(({ leader }) => leader)
          .join()
        if (seen !== leaders) sinceMs = now()
        leaders = seen
        return this.#checkLoads() && now() - sinceMs >= this.#shape.restMs
      },
      settleMs + 3 * this.#shape.restMs,
    )
  }

  /** All partitions are acknowledged again, and the fault has lasted long enough for leases to run out. */
  async #goesOn(fromMs: number): Promise<void> {
    const flows = () => now() - fromMs > broken.leastMs && this.#isFlowing()
    await waitFor('all partitions to go on', () => this.#checkLoads() && flows(), goneOnMs).catch(
      async (error: unknown) => {
        console.log(`${String(error)}: counted as a pause up to now`)
        await this.#tellStalled()
        for (const { load } of this.#flows) console.log(`${load.options.name} said:\n${load.errors.slice(-3_000)}`)
      },
    )
  }

  /** Which partitions do not go on, and what the cluster says of them. */
  async #tellStalled(): Promise<void> {
    const states = await this.#states()
    for (const [index, { topic }] of this.#flows.entries()) {
      for (const state of states[index]!) {
        const silentMs = now() - this.#acks.last(`${topic}/${state.partition}`)
        if (silentMs > broken.flowingMs)
          console.log(`${topic}: silent for ${silentMs.toFixed(0)} ms: ${JSON.stringify(state)}`)
      }
    }
  }

  /** Every replica in sync, everything flowing. Where leaders are does not matter: the victim is one that leads something. */
  async #settled(): Promise<void> {
    const inSync = async () => {
      const states = (await this.#states()).flat()
      const full =
        states.length > 0 && states.every(({ leader, isr, replicas }) => leader >= 0 && isr.length === replicas.length)
      return this.#checkLoads() && full && this.#isFlowing()
    }
    await waitFor('all replicas to be in sync, and all producers to work', inSync, settleMs)
  }

  #states(): Promise<PartitionState[][]> {
    return Promise.all(this.#flows.map(({ topic }) => this.#cluster.partitions(topic)))
  }

  #isFlowing(): boolean {
    const since = now() - broken.flowingMs
    const partitions = Array.from({ length: this.#shape.partitions }, (_, partition) => partition)
    return this.#flows.every(({ topic }) =>
      partitions.every((partition) => this.#acks.last(`${topic}/${partition}`) > since),
    )
  }

  #checkLoads(): true {
    for (const { load } of this.#flows) {
      if (!load.isRunning) throw new Error(`a producer ended by itself: ${load.errors.slice(-2_000)}`)
    }
    return true
  }
}

/** Milliseconds since 1970, on the clock that the producers print. */
function now(): number {
  return performance.timeOrigin + performance.now()
}
