// A simulated machine and the processes on it: each process gets a Runtime that stops working when it dies.
//
// Code that still hangs on a promise when its process is killed must never run on: everything it can wait for
// (timers, disk, network) comes from here, and nothing of it fires after death.
import type { Clock, Runtime } from '@castellan/protocol/runtime'
import { Platters } from './disk.ts'
import type { SimNetwork } from './network.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export class Machine {
  readonly name: string
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly platters = new Platters()
  readonly random: SeededRandom
  /** How far this machine's wall clock is off. */
  wallOffsetMs = 0
  /** Each disk call takes up to this long. */
  diskDelayMs = 1
  #process: Process | null = null

  constructor(name: string, scheduler: Scheduler, network: SimNetwork) {
    this.name = name
    this.scheduler = scheduler
    this.network = network
    this.random = scheduler.random.fork()
  }

  get process(): Process | null {
    return this.#process
  }

  /** Starts a process; there is one at a time. */
  boot(): Process {
    if (this.#process) throw new Error(`${this.name} runs already`)
    this.#process = new Process(this)
    return this.#process
  }

  /** kill -9: the page cache survives. Power loss: unsynced bytes may be gone. */
  kill(how: 'kill' | 'power'): void {
    const process = this.#process
    if (!process) return
    process.dead = true
    this.#process = null
    this.network.died(process, how)
    if (how === 'power') this.platters.losePower(this.random)
  }

  /** The process has ended by itself. */
  exited(): void {
    if (!this.#process) return
    this.#process.dead = true
    this.network.died(this.#process, 'kill')
    this.#process = null
  }
}

export class Process {
  readonly machine: Machine
  readonly name: string
  readonly random: SeededRandom
  readonly runtime: Runtime
  dead = false

  constructor(machine: Machine) {
    this.machine = machine
    this.name = machine.name
    this.random = machine.random.fork()
    this.runtime = {
      clock: this.#clock(),
      random: this.random,
      disk: machine.platters.mount(this),
      network: machine.network.of(this),
    }
  }

  /** A disk's delay: see DiskHost. */
  later(then: () => void): void {
    this.machine.scheduler.at(this.random.next() * this.machine.diskDelayMs, () => {
      if (!this.dead) then()
    })
  }

  #clock(): Clock {
    const { scheduler } = this.machine
    const guarded = (task: () => void) => () => {
      if (!this.dead) task()
    }
    return {
      wallMs: () => Math.floor(scheduler.epochWallMs + scheduler.nowMs + this.machine.wallOffsetMs),
      nowMs: () => scheduler.nowMs,
      bootMs: () => scheduler.nowMs,
      after: (delayMs, task) => scheduler.at(delayMs, guarded(task)),
      soon: (task) => void scheduler.at(0, guarded(task)),
    }
  }
}
