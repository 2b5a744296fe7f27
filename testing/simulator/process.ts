// A simulated machine and the processes on it: each process gets a Runtime that stops working when it dies.
//
// Code that still hangs on a promise when its process is killed must never run on: everything it can wait for (timers, disk, network)
// comes from here, and nothing of it fires after death. A process may be killed in the middle of a chain of awaits: at the n-th thing
// that it does to the world outside (a write, a name, a message), which may happen in part.
import type { Clock, Runtime, Timer } from '@castellan/protocol/runtime'
import type { SimNetwork } from './network.ts'
import { Platters } from './platters.ts'
import type { SeededRandom } from './random.ts'
import type { Scheduler } from './scheduler.ts'

export type HowItEnds =
  | 'kill' // kill -9: the page cache survives
  | 'power' // unsynced bytes may be gone

export class Machine {
  readonly name: string
  readonly scheduler: Scheduler
  readonly network: SimNetwork
  readonly platters = new Platters()
  readonly random: SeededRandom
  /** How far this machine's wall clock is off. */
  wallOffsetMs = 0
  /** How long it has slept: its monotonic clock stood still meanwhile, its boot clock did not. */
  sleptMs = 0
  /** Each disk call takes up to this long. */
  diskDelayMs = 1
  /** A write, which holds up the whole process, takes up to this long. */
  writeDelayMs = 0
  /** Names this run of the machine. */
  boots = 1
  /** Told when a process has ended, however it did. */
  onEnded: (how: HowItEnds | 'exited') => void = () => {}
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

  kill(how: HowItEnds): void {
    const process = this.#process
    if (!process) return
    process.dead = true
    this.#process = null
    this.network.died(process, how)
    if (how === 'power') {
      this.boots += 1
      this.platters.losePower(this.random)
    }
    this.onEnded(how)
  }

  /** The process has ended by itself. */
  exited(): void {
    if (!this.#process) return
    this.#process.dead = true
    this.network.died(this.#process, 'kill')
    this.#process = null
    this.onEnded('exited')
  }
}

export class Process {
  readonly machine: Machine
  readonly name: string
  readonly random: SeededRandom
  readonly runtime: Runtime
  dead = false
  /** SIGSTOP: nothing of it runs, while the system keeps its sockets. */
  #stalls = 0
  /** How long the write took that has just held it up: it goes on behind that, and its clocks show it in the turn of the write already. */
  #heldMs = 0
  /** What has happened to it since it was stalled, in order. */
  #waiting: (() => void)[] = []
  #actsLeft = Number.POSITIVE_INFINITY
  #diesHow: HowItEnds = 'kill'

  constructor(machine: Machine) {
    this.machine = machine
    this.name = machine.name
    this.random = machine.random.fork()
    this.runtime = {
      clock: this.#clock(),
      random: this.random,
      disk: machine.platters.mount(this),
      network: machine.network.of(this),
      bootId: `${machine.name}-${machine.boots}`,
    }
  }

  /** What its clients say of where they run: nothing of the real process, which is another at each replay. */
  get whereabouts(): { readonly host: string; readonly pid: number } {
    return { host: this.name, pid: 1 }
  }

  // ------------------------------------------------------------ what befalls it

  get isStalled(): boolean {
    return this.#stalls > 0
  }

  /** See NetworkHost. */
  get isBehind(): boolean {
    return this.isStalled || this.#waiting.length > 0
  }

  stall(): void {
    this.#stalls += 1
  }

  /** Undoes one `stall`; goes on with what came meanwhile. */
  resume(): void {
    this.#stalls -= 1
    if (!this.isStalled) this.#runWaiting()
  }

  /** Kills it at the `acts`-th thing that it does to the world outside from now on; it is 1 at the next. */
  dieAt(acts: number, how: HowItEnds): void {
    this.#actsLeft = acts
    this.#diesHow = how
  }

  // ------------------------------------------------------------ what disk and network ask

  /** Runs what the system tells this process: later, while it is stalled; never, once it is dead. */
  run(task: () => void): void {
    if (this.dead) return
    if (this.isStalled || this.#waiting.length > 0) this.#waiting.push(task)
    else task()
  }

  /** See DiskHost. */
  act(): 'lives' | 'dies' | 'dead' {
    if (this.dead) return 'dead'
    this.#actsLeft -= 1
    if (this.#actsLeft > 0) return 'lives'
    this.dead = true
    this.machine.scheduler.at(0, () => {
      if (this.machine.process === this) this.machine.kill(this.#diesHow)
    })
    return 'dies'
  }

  /** A disk's delay: see DiskHost. */
  later(then: () => void): void {
    this.machine.scheduler.at(this.random.next() * this.machine.diskDelayMs, () => this.run(then))
  }

  /** See DiskHost. */
  wrote(): void {
    const { writeDelayMs, scheduler } = this.machine
    if (writeDelayMs === 0 || this.isStalled) return
    this.#heldMs = this.random.next() * writeDelayMs
    this.stall()
    scheduler.at(this.#heldMs, () => {
      this.#heldMs = 0
      this.resume()
    })
  }

  /** See DiskHost. */
  writes(write: () => () => void): void {
    const { diskDelayMs, writeDelayMs, scheduler } = this.machine
    scheduler.at(this.random.next() * Math.max(diskDelayMs, writeDelayMs), () => {
      if (!this.dead) this.run(write())
    })
  }

  // ------------------------------------------------------------ inside

  /** One event after another, each with the promises that it wakes. */
  #runWaiting(): void {
    if (this.#waiting.length === 0) return
    this.machine.scheduler.at(0, () => {
      if (this.dead || this.isStalled) return
      this.#waiting.shift()?.()
      this.#runWaiting()
    })
  }

  #clock(): Clock {
    const { machine } = this
    const { scheduler } = machine
    const bootMs = () => scheduler.nowMs + this.#heldMs
    const nowMs = () => bootMs() - machine.sleptMs
    return {
      wallMs: () => Math.floor(scheduler.epochWallMs + bootMs() + machine.wallOffsetMs),
      nowMs,
      bootMs,
      after: (delayMs, task) => this.#after(nowMs, delayMs, task),
      soon: (task) => void scheduler.at(0, () => this.run(task)),
    }
  }

  /** Due by the monotonic clock: what that slept is waited for again. */
  #after(nowMs: () => number, delayMs: number, task: () => void): Timer {
    const { scheduler } = this.machine
    const dueMs = nowMs() + delayMs
    const sleptMs = this.machine.sleptMs
    let isCancelled = false
    const fire = () => {
      if (isCancelled) return
      if (this.machine.sleptMs === sleptMs || nowMs() >= dueMs) task()
      else event = scheduler.at(dueMs - nowMs(), () => this.run(fire))
    }
    let event = scheduler.at(delayMs + this.#heldMs, () => this.run(fire))
    return {
      cancel: () => {
        isCancelled = true
        event.cancel()
      },
    }
  }
}
