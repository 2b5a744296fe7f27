// A whole platform in one process: Castle, three brokers, a producer, a group of two consumers and an observer, each on a
// machine of its own, all of them the code that runs in production.
import type { Broker } from '@castellan/broker'
import type { Castle } from '@castellan/castle/castle'
import { coreConfig } from '@castellan/castle/config'
import { MemoryDisk } from '@castellan/castle/store'
import { partitionForKey } from '@castellan/protocol/records'
import {
  Machine,
  type Process,
  processLog,
  type Scheduler,
  SimNetwork,
  startBroker,
  startCastle,
} from '@castellan/testing/simulator'
import { type Fault, type FaultKind, faultKinds } from './faults.ts'
import { Recorder } from './recorder.ts'
import { runConsumer, runProducer } from './services.ts'

export const topic = 'events'
export const group = 'workers'
const brokerIds = [1, 2, 3]
const offsetsTopic = '__consumer_offsets'
const offsetsPartitions = coreConfig().offsetsTopicPartitions
const encoder = new TextEncoder()

export interface Shape {
  readonly partitions: number
  readonly messages: number
  readonly keys: number
}

/** A log as it was when its broker lost power. */
interface LostLog {
  readonly topicId: string
  readonly topic: string
  readonly index: number
  readonly endOffset: number
}

export class Cluster {
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly recorder = new Recorder()
  readonly shape: Shape
  readonly castleMachine: Machine
  readonly brokerMachines = new Map<number, Machine>()
  readonly producerMachine: Machine
  readonly consumerMachines: readonly Machine[]
  readonly observerMachine: Machine
  /** How often each kind of fault has happened. */
  readonly faultCounts = new Map<FaultKind, number>(faultKinds.map((kind) => [kind, 0]))
  readonly #castleDisk = new MemoryDisk()
  readonly #brokers = new Map<number, Broker>()
  /** Brokers that lost power and have not recovered yet, with the logs that they had. */
  readonly #powerLost = new Map<number, { atMs: number; partitions: readonly LostLog[] }>()
  #castle: Castle | null = null
  /** Ways that are cut now: how often, since cuts may overlap. */
  readonly #cuts = new Map<string, number>()

  constructor(scheduler: Scheduler, shape: Shape) {
    this.scheduler = scheduler
    this.shape = shape
    this.network = new SimNetwork(scheduler)
    const machine = (name: string) => new Machine(name, scheduler, this.network)
    this.castleMachine = machine('castle')
    for (const id of brokerIds) this.brokerMachines.set(id, machine(`broker-${id}`))
    this.producerMachine = machine('producer')
    this.consumerMachines = [machine('consumer-1'), machine('consumer-2')]
    this.observerMachine = machine('observer')
  }

  get castle(): Castle | null {
    return this.#castle
  }

  /** Castle knows of all brokers, and they live. */
  get isUp(): boolean {
    const { castle } = this
    return castle !== null && [...castle.state.all('broker')].filter((broker) => broker.up).length === brokerIds.length
  }

  // ------------------------------------------------------------ starting processes

  startCastle(): void {
    const process = this.castleMachine.boot()
    this.#run(process, async () => {
      this.#castle = await startCastle(process, this.#castleDisk, coreConfig(), processLog(process))
    })
  }

  startBroker(id: number): void {
    const process = this.brokerMachines.get(id)!.boot()
    this.#run(process, async () => {
      const broker = await startBroker(process, id, processLog(process))
      this.#brokers.set(id, broker)
      this.#recordLosses(id, broker)
    })
  }

  startProducer(): void {
    const process = this.producerMachine.boot()
    this.#run(process, () => runProducer(this, process))
  }

  startConsumer(index: number): void {
    const process = this.consumerMachines[index]!.boot()
    this.#run(process, () => runConsumer(this, process))
  }

  /** A process whose main function fails has failed the run: nothing here may end by itself. */
  #run(process: Process, main: () => Promise<void>): void {
    main().catch((error: unknown) => {
      if (!process.dead) this.scheduler.failure = new Error(`${process.name} failed`, { cause: error })
    })
  }

  // ------------------------------------------------------------ faults

  inject(fault: Fault): void {
    const done = this.#begin(fault)
    if (!done) return
    this.faultCounts.set(fault.kind, this.faultCounts.get(fault.kind)! + 1)
    this.scheduler.at(fault.forMs, done)
  }

  /** Begins it and returns how it ends; null: it does not apply now (its victim is down already). */
  #begin(fault: Fault): (() => void) | null {
    const brokerId = brokerIds[fault.victim % brokerIds.length]!
    const consumer = fault.victim % this.consumerMachines.length
    const machines = this.machines
    const from = machines[fault.victim % machines.length]!
    const to = machines[fault.other % machines.length]!
    this.scheduler.trace(() => `fault ${fault.kind} ${fault.victim} ${fault.other} for ${fault.forMs.toFixed(0)} ms`)
    switch (fault.kind) {
      case 'kill-broker':
        return this.#killBroker(brokerId, 'kill')
      case 'power-broker':
        return this.#killBroker(brokerId, 'power')
      case 'kill-castle':
        if (!this.castleMachine.process) return null
        this.castleMachine.kill('kill')
        this.#castle = null
        return () => this.startCastle()
      case 'kill-consumer':
        return this.#killConsumer(consumer)
      case 'lost-answers':
        return this.#loseAnswers()
      case 'cut':
        return from === to ? null : this.#cutBoth(from.name, to.name)
      case 'cut-one-way':
        return from === to ? null : this.#cut(from.name, to.name)
      case 'delay':
        if (from === to) return null
        this.network.delay(from.name, to.name, 300)
        return () => this.network.delay(from.name, to.name, 0)
      case 'slow-disk': {
        const machine = this.brokerMachines.get(brokerId)!
        machine.diskDelayMs = 200
        return () => {
          machine.diskDelayMs = 1
        }
      }
      case 'clock-jump':
        // Up to 25 minutes off: two machines stay within the hour that message.timestamp.after.max.ms allows.
        from.wallOffsetMs = (fault.other % 3_000_000) - 1_500_000
        return () => {}
    }
  }

  get machines(): Machine[] {
    return [this.castleMachine, ...this.brokerMachines.values(), this.producerMachine, ...this.consumerMachines]
  }

  #killBroker(id: number, how: 'kill' | 'power'): (() => void) | null {
    const machine = this.brokerMachines.get(id)!
    if (!machine.process) return null
    const partitions = this.#logsOf(id)
    machine.kill(how)
    this.#brokers.delete(id)
    if (how === 'power') this.#powerLost.set(id, { atMs: this.scheduler.nowMs, partitions })
    return () => this.startBroker(id)
  }

  /**
   * What a power loss took is known when the broker has recovered its logs: the excuse begins at their ends, and at 0 for
   * a log whose very folder was not synced.
   */
  #recordLosses(id: number, broker: Broker): void {
    const lost = this.#powerLost.get(id)
    if (lost === undefined) return
    this.#powerLost.delete(id)
    const ends = new Map([...broker.partitions.all()].map((one) => [`${one.topicId}-${one.index}`, one.endOffset]))
    for (const { topicId, topic: name, index, endOffset } of lost.partitions) {
      const fromOffset = ends.get(`${topicId}-${index}`) ?? 0
      if (fromOffset >= endOffset) continue
      if (name === topic) this.recorder.losses.push({ partition: index, fromOffset, atMs: lost.atMs })
      if (name !== offsetsTopic || index !== partitionForKey(encoder.encode(group), offsetsPartitions)) continue
      // The group's coordinator forgot steps: until the sessions that it does not know have run out, and a little more.
      this.recorder.coordinatorLosses.push({ atMs: lost.atMs, untilMs: this.scheduler.nowMs + 15_000 })
    }
  }

  /** Those of the living process; of one that was still starting, those that it was to recover. */
  #logsOf(id: number): readonly LostLog[] {
    const broker = this.#brokers.get(id)
    if (!broker) return this.#powerLost.get(id)?.partitions ?? []
    return [...broker.partitions.all()].map(({ topicId, topic, index, endOffset }) => ({
      topicId,
      topic,
      index,
      endOffset,
    }))
  }

  /** What was written meanwhile is sent again: only the log's memory of producers keeps it from standing twice (R4). */
  #loseAnswers(): () => void {
    const names = [...this.brokerMachines.values()].map((machine) => machine.name)
    const heals = names.map((name) => this.#cut(name, 'producer'))
    return () => {
      for (const name of names) this.network.reset('producer', name)
      for (const heal of heals) heal()
    }
  }

  #killConsumer(index: number): (() => void) | null {
    const machine = this.consumerMachines[index]!
    if (!machine.process) return null
    machine.kill('kill')
    this.recorder.died(machine.name, this.scheduler.nowMs)
    return () => this.startConsumer(index)
  }

  #cutBoth(a: string, b: string): () => void {
    const one = this.#cut(a, b)
    const other = this.#cut(b, a)
    return () => {
      one()
      other()
    }
  }

  #cut(from: string, to: string): () => void {
    const way = `${from}>${to}`
    this.#cuts.set(way, (this.#cuts.get(way) ?? 0) + 1)
    this.network.cut(from, to)
    return () => {
      const left = this.#cuts.get(way)! - 1
      this.#cuts.set(way, left)
      if (left === 0) this.network.heal(from, to)
    }
  }
}
