// The machines of a test platform: Castle's, the brokers', and one for each service; which of them run, and what is cut between them.
import type { Broker } from '@castellan/broker/broker'
import type { Castle } from '@castellan/castle/castle'
import { coreConfig } from '@castellan/castle/config'
import { MemoryDisk } from '@castellan/castle/store'
import type { Address } from '@castellan/protocol/runtime'
import { TestingError } from './errors.ts'
import type { Failures } from './failures.ts'
import type { LogLines } from './log-lines.ts'
import { Machine, type Process, type Scheduler, SimNetwork, startBroker, startCastle } from './simulator/index.ts'

/** The platform's own client: it looks at what is there, whatever is cut between the others. */
export const ownService = 'castellan-testing'
const castleName = 'castle'

interface Cut {
  readonly a: string
  /** Null: everybody. */
  readonly b: string | null
}

export class Hosts {
  readonly network: SimNetwork
  readonly brokerNames: readonly string[]
  readonly #scheduler: Scheduler
  readonly #failures: Failures
  readonly #logs: LogLines
  readonly #machines = new Map<string, Machine>()
  readonly #castleDisk = new MemoryDisk()
  readonly #brokers = new Map<string, Broker>()
  #castle: Castle | null = null
  #cuts: Cut[] = []

  constructor(scheduler: Scheduler, brokers: number, failures: Failures, logs: LogLines) {
    this.#scheduler = scheduler
    this.#failures = failures
    this.#logs = logs
    this.network = new SimNetwork(scheduler)
    this.brokerNames = Array.from({ length: brokers }, (_, i) => `broker-${i + 1}`)
    for (const name of [castleName, ...this.brokerNames]) this.#add(name)
  }

  /** Null while it is down. */
  get castle(): Castle | null {
    return this.#castle
  }

  get bootstrap(): Address[] {
    return this.brokerNames.map((host) => ({ host, port: 9092 }))
  }

  get names(): string[] {
    return [...this.#machines.keys()].filter((name) => name !== ownService)
  }

  /** One line each, of what is not as it was at the start. */
  get trouble(): string[] {
    const down = this.names
      .filter((name) => this.#machines.get(name)!.process === null)
      .map((name) => `${name} is down`)
    return [...down, ...this.#cuts.map(({ a, b }) => `${a} is cut off from ${b ?? 'everybody'}`)]
  }

  // ------------------------------------------------------------ starting and ending

  /** Starts Castle or a broker; resolves when it is ready for services. Rejects with what it ended with. */
  async start(name: string): Promise<void> {
    const machine = this.machine(name)
    if (machine.process !== null) throw new TestingError('NAME_UNKNOWN', `${name} runs already`)
    if (name !== castleName && !this.brokerNames.includes(name)) {
      throw new TestingError('NAME_UNKNOWN', `${name} is a service: connect again, as its next process would`)
    }
    const process = machine.boot()
    try {
      if (name === castleName) await this.#startCastle(process)
      else await this.#startBroker(process, this.brokerNames.indexOf(name) + 1)
    } catch (error) {
      machine.exited()
      throw error
    }
  }

  /** All brokers that run, as Castle sees them. */
  get isReady(): boolean {
    if (this.#castle === null) return false
    const up = [...this.#castle.state.all('broker')].filter((broker) => broker.up)
    return this.brokerNames.every(
      (name, i) => this.#machines.get(name)!.process === null || up.some(({ id }) => id === i + 1),
    )
  }

  /** kill -9. */
  kill(name: string): void {
    const machine = this.machine(name)
    if (machine.process === null) throw new TestingError('NAME_UNKNOWN', `${name} is down already`)
    machine.kill('kill')
    this.#brokers.delete(name)
    if (name === castleName) this.#castle = null
  }

  /** All of them, for good: nothing that they still wait for happens. */
  killAll(): void {
    for (const machine of this.#machines.values()) machine.kill('kill')
    this.#brokers.clear()
    this.#castle = null
  }

  /** A machine for a process of a service: `service`, or `service-2` and so on while that name is taken. */
  addService(service: string): Process {
    let name = service
    for (let i = 2; this.#machines.has(name); i++) name = `${service}-${i}`
    const process = this.#add(name).boot()
    this.#applyCuts()
    return process
  }

  /** Throws NAME_UNKNOWN. */
  machine(name: string): Machine {
    const machine = name === ownService ? undefined : this.#machines.get(name)
    if (machine !== undefined) return machine
    throw new TestingError('NAME_UNKNOWN', `there is no '${String(name)}': ${this.names.join(', ')}`)
  }

  #add(name: string): Machine {
    const machine = new Machine(name, this.#scheduler, this.network)
    this.#machines.set(name, machine)
    return machine
  }

  async #startCastle(process: Process): Promise<void> {
    const brokers = this.brokerNames.length
    const settings = coreConfig({ offsetsTopicBrokers: brokers, offsetsTopicPartitions: brokers })
    this.#castle = await startCastle(process, this.#castleDisk, settings, this.#log(process))
  }

  async #startBroker(process: Process, id: number): Promise<void> {
    const { intercept } = this.#failures
    this.#brokers.set(process.name, await startBroker(process, id, this.#log(process), { intercept }))
  }

  #log({ name }: Process) {
    return this.#logs.of(name, () => this.#scheduler.nowMs)
  }

  // ------------------------------------------------------------ cuts

  /** Nothing passes between two machines, or between one and all others, until `heal`. */
  cut(a: string, b?: string): void {
    for (const name of b === undefined ? [a] : [a, b]) this.machine(name)
    if (a === b) throw new TestingError('NAME_UNKNOWN', `${a} cannot be cut off from itself`)
    this.#cuts.push({ a, b: b ?? null })
    this.#applyCuts()
  }

  /** Undoes the cut of the same names; without names, all cuts. */
  heal(a?: string, b?: string): void {
    const isMeant = (cut: Cut) =>
      a === undefined || (cut.a === a && cut.b === (b ?? null)) || (cut.a === b && cut.b === a)
    const left = this.#cuts.filter((cut) => !isMeant(cut))
    if (a !== undefined && left.length === this.#cuts.length) {
      throw new TestingError('NAME_UNKNOWN', `nothing is cut so: ${this.trouble.join(', ') || 'all is well'}`)
    }
    this.#cuts = left
    this.#applyCuts()
  }

  #applyCuts(): void {
    this.network.healAll()
    for (const { a, b } of this.#cuts) {
      for (const other of b === null ? this.names : [b]) {
        if (other === a) continue
        this.network.cut(a, other)
        this.network.cut(other, a)
      }
    }
  }
}
