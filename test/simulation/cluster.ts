// A whole platform in one process: Castle, brokers, producers, consumers and a reader, each on a machine of its own, all of them the
// code that runs in production. What ends is started again, as a supervisor does, unless a fault holds it down.
import type { Broker } from '@castellan/broker'
import type { Castle } from '@castellan/castle/castle'
import { coreConfig } from '@castellan/castle/config'
import { MemoryDisk } from '@castellan/castle/store'
import type { Logger } from '@castellan/protocol/runtime'
import {
  type HowItEnds,
  Machine,
  type Process,
  processLog,
  type Scheduler,
  SimNetwork,
  startBroker,
  startCastle,
} from '@castellan/testing/simulator'
import { BrokerWatch } from './broker-watch.ts'
import { CastleWatch } from './castle-watch.ts'
import { Coverage } from './coverage.ts'
import { Damage } from './damage.ts'
import { Defects } from './defects.ts'
import { RunRecorder } from './recorder.ts'
import { runConsumer, runProducer, runReader } from './services.ts'
import { consumers, producers, reader, topicPlans } from './topics.ts'

export interface Shape {
  readonly brokers: number
  readonly sendUntilMs: number
  /** Of each producer, at the mean. */
  readonly sendEveryMs: number
  /** A member of a group that is silent for so long loses its partitions. */
  readonly sessionMs: number
}

/** How long a supervisor waits before it starts again what ended. */
const restartMs = 300

export class Cluster {
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly recorder = new RunRecorder()
  readonly coverage = new Coverage()
  readonly defects = new Defects(this)
  readonly shape: Shape
  readonly castleDisk = new MemoryDisk()
  readonly castleWatch: CastleWatch
  readonly damage: Damage
  readonly brokerWatch: BrokerWatch
  readonly machines = new Map<string, Machine>()
  readonly observerMachine: Machine
  readonly #brokers = new Map<string, Broker>()
  /** How many faults hold a machine's process down. */
  readonly #held = new Map<string, number>()
  /** How often each machine has started a process. */
  readonly #lives = new Map<string, number>()
  #castle: Castle | null = null
  #isOver = false

  constructor(scheduler: Scheduler, shape: Shape) {
    this.scheduler = scheduler
    this.shape = shape
    this.network = new SimNetwork(scheduler)
    this.castleWatch = new CastleWatch(this)
    this.damage = new Damage(this.castleWatch)
    this.brokerWatch = new BrokerWatch(this)
    const services = [...producers, ...consumers, reader].map(({ name }) => name)
    for (const name of ['castle', ...this.brokerNames, ...services]) this.#add(name)
    this.observerMachine = new Machine('observer', scheduler, this.network)
  }

  get brokerNames(): string[] {
    return Array.from({ length: this.shape.brokers }, (_, i) => `broker-${i + 1}`)
  }

  get castle(): Castle | null {
    return this.#castle
  }

  /** Undefined while it is down, or starting. */
  broker(name: string): Broker | undefined {
    return this.#brokers.get(name)
  }

  machine(name: string): Machine {
    return this.machines.get(name)!
  }

  /** Castle knows of all brokers, and they live. */
  get isUp(): boolean {
    const { castle } = this
    return castle !== null && [...castle.state.all('broker')].filter(({ up }) => up).length === this.shape.brokers
  }

  /** Every partition has a leader, and all of its replicas are in sync. */
  get isInSync(): boolean {
    for (const { partitions } of this.castleWatch.topics.values()) {
      if (!partitions.every(({ leader, replicas, isr }) => leader >= 0 && replicas.length === isr.length)) return false
    }
    return true
  }

  // ------------------------------------------------------------ processes

  /** All at once, as in production; the topics as soon as Castle and the brokers are there. */
  startAll(): void {
    for (const name of this.machines.keys()) this.#start(name)
  }

  async makeTopics(): Promise<void> {
    for (const { name, partitions, ackLevel, replicationFactor, configs } of topicPlans) {
      await this.#castle!.createTopic({ cluster: 'default', name, partitions, ackLevel, replicationFactor, configs })
    }
  }

  /** Its process ends, and stays down until `release`. */
  kill(name: string, how: HowItEnds): void {
    this.hold(name)
    this.machine(name).kill(how)
  }

  hold(name: string): void {
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
  }

  release(name: string): void {
    this.#held.set(name, this.#held.get(name)! - 1)
    this.#startSoon(name, 0)
  }

  /** Names the process that runs on this machine now. */
  lives(process: Process): string {
    return `${process.name}.${this.#lives.get(process.name)}`
  }

  logOf(process: Process): Logger {
    return processLog(process, {
      counts: this.coverage.logged,
      onError: (message, fields) => this.defects.note(this.lives(process), message, fields),
    })
  }

  note(text: string): void {
    this.scheduler.trace(() => text)
  }

  /** Nobody who read may be sent back but by a loss that was counted (R3). `from.atMs`: when it had read that far; -Infinity: nobody knows. */
  wasSentBack(
    who: string,
    partition: string,
    from: { readonly offset: number; readonly atMs: number },
    end: number,
  ): void {
    const { nowMs: atMs } = this.scheduler
    const reader = `${who}, sent back at ${atMs.toFixed(0)} ms`
    this.recorder.seenEnds.push({ reader, partition, ...from }, { reader, partition, offset: end, atMs })
  }

  /** The end of the run: nothing is started again. */
  end(): void {
    this.#isOver = true
    for (const broker of this.#brokers.values()) this.coverage.addBroker(broker)
  }

  // ------------------------------------------------------------ inside

  #add(name: string): void {
    const machine = new Machine(name, this.scheduler, this.network)
    machine.onEnded = () => this.#onEnded(name)
    this.machines.set(name, machine)
  }

  #onEnded(name: string): void {
    this.scheduler.trace(() => `${name} ended`)
    this.recorder.died(`${name}.${this.#lives.get(name)}`, this.scheduler.nowMs)
    const broker = this.#brokers.get(name)
    if (broker !== undefined) this.coverage.addBroker(broker)
    this.#brokers.delete(name)
    if (name === 'castle') this.#castle = null
    this.#startSoon(name, restartMs)
  }

  #startSoon(name: string, delayMs: number): void {
    this.scheduler.at(delayMs, () => {
      const isHeld = (this.#held.get(name) ?? 0) > 0
      if (!this.#isOver && !isHeld && this.machine(name).process === null) this.#start(name)
    })
  }

  #start(name: string): void {
    const machine = this.machine(name)
    const process = machine.boot()
    this.#lives.set(name, (this.#lives.get(name) ?? 0) + 1)
    this.#main(process).catch((error: unknown) => this.#onFailed(machine, process, error))
  }

  /** A process whose main function fails has failed the run, unless its disk is full: then a supervisor tries again. */
  #onFailed(machine: Machine, process: Process, error: unknown): void {
    if (process.dead) return
    this.coverage.count('a process could not start')
    if (machine.platters.freeBytes < Number.POSITIVE_INFINITY) return machine.exited()
    this.scheduler.failure = new Error(`${process.name} failed`, { cause: error })
  }

  #main(process: Process): Promise<void> {
    const { name } = process
    if (name === 'castle') return this.#runCastle(process)
    if (this.brokerNames.includes(name)) return this.#runBroker(process)
    const producer = producers.find((plan) => plan.name === name)
    if (producer !== undefined) return runProducer(this, process, producer)
    const consumer = consumers.find((plan) => plan.name === name)
    return consumer === undefined ? runReader(this, process, reader) : runConsumer(this, process, consumer)
  }

  async #runCastle(process: Process): Promise<void> {
    const settings = coreConfig({ offsetsTopicBrokers: this.shape.brokers, offsetsTopicPartitions: 2 })
    const onCommit = this.castleWatch.onCommit
    this.#castle = await startCastle(process, this.castleDisk, settings, this.logOf(process), onCommit)
  }

  async #runBroker(process: Process): Promise<void> {
    const id = this.brokerNames.indexOf(process.name) + 1
    const { sessionMs } = this.shape
    const settings = {
      'group.consumer.session.timeout.ms': String(sessionMs),
      'group.consumer.heartbeat.interval.ms': String(sessionMs * 0.3),
    }
    const broker = await startBroker(process, id, this.logOf(process), { settings })
    if (process.dead) return
    this.#brokers.set(process.name, broker)
    this.brokerWatch.watch(broker, process)
  }
}
