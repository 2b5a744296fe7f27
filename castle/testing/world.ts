// A small world for tests: one clock that the test moves, links that lose, repeat, delay and break as told, and senders on
// them. (test/simulation has the large one, with disks and whole processes.)
import {
  type Clock,
  type Link,
  type LinkHandlers,
  type Network,
  nodeRuntime,
  type Random,
  type Runtime,
} from '@castellan/protocol/runtime'

/** Numbers from a seed (mulberry32). */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.next() * 256)
  }
}

interface Task {
  readonly atMs: number
  run: (() => void) | undefined
}

export class WorldClock implements Clock {
  #nowMs = 1_000
  readonly #tasks: Task[] = []

  wallMs = () => 1_700_000_000_000 + Math.floor(this.#nowMs)
  nowMs = () => this.#nowMs
  bootMs = () => this.#nowMs
  soon = (task: () => void) => void this.after(0, task)

  after(delayMs: number, run: () => void): { cancel(): void } {
    const task: Task = { atMs: this.#nowMs + Math.max(0, delayMs), run }
    // Kept by time, then by order of asking.
    let at = this.#tasks.length
    while (at > 0 && (this.#tasks[at - 1]?.atMs ?? 0) > task.atMs) at -= 1
    this.#tasks.splice(at, 0, task)
    return {
      cancel: () => {
        task.run = undefined
      },
    }
  }

  /** Tasks that are still to come. */
  get pending(): number {
    return this.#tasks.filter(({ run }) => run !== undefined).length
  }

  /** Lets `ms` pass, with all that happens in it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (let next = this.#tasks[0]; next !== undefined && next.atMs <= untilMs; next = this.#tasks[0]) {
      this.#tasks.shift()
      if (next.run === undefined) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
      await settle()
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** So much time passes in which nothing runs, as when the process is suspended. */
  standStill(ms: number): void {
    this.#nowMs += ms
  }

  /** Lets time pass until `condition` holds; throws when it does not within `ms`. */
  async until(condition: () => boolean, ms: number, what: string): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    while (!condition()) {
      if (this.#nowMs >= untilMs) throw new Error(`not within ${ms} ms: ${what}`)
      await this.pass(5)
    }
  }
}

/** Resolves when no promise is left that could run now. */
function settle(): Promise<void> {
  return new Promise((resolve) => nodeRuntime().clock.soon(resolve))
}

/** What links do to messages; each a chance in [0, 1]. */
export interface Faults {
  lose: number
  repeat: number
  breakLink: number
  /** Longest delay: messages overtake each other. 0: in order, at once. */
  delayMs: number
}

export const noFaults: Faults = { lose: 0, repeat: 0, breakLink: 0, delayMs: 0 }

interface End extends Link {
  handlers: LinkHandlers | undefined
  buffered: number
}

/** A network of one server, for links only. */
export class LinkNetwork implements Network {
  readonly clock: WorldClock
  readonly random: SeededRandom
  faults: Faults = noFaults
  /** Who answers; undefined: connections are refused. */
  server: ((link: Link) => void) | undefined
  /** Every message in the order of sending: its direction and its JSON. */
  readonly sent: { to: 'server' | 'sender'; text: string }[] = []
  readonly #links = new Set<() => void>()

  constructor(clock: WorldClock, random: SeededRandom) {
    this.clock = clock
    this.random = random
  }

  async dial(): Promise<Link> {
    if (this.server === undefined) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    const [near, far] = this.pair()
    this.server(far)
    return near
  }

  /** The two ends of a link: the sender's and the server's. */
  pair(): [Link, Link] {
    let open = true
    const ends: End[] = []
    const breakBoth = (error: Error | null) => {
      if (!open) return
      open = false
      this.#links.delete(breakNow)
      for (const end of ends) this.clock.soon(() => end.handlers?.onClose(error))
    }
    const breakNow = () => breakBoth(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
    this.#links.add(breakNow)
    const endOf = (index: 0 | 1): End => ({
      peer: index === 0 ? 'server' : 'sender',
      handlers: undefined,
      buffered: 0,
      get bufferedBytes() {
        return this.buffered
      },
      start(handlers) {
        this.handlers = handlers
      },
      send: (text) => {
        if (!open) return
        this.sent.push({ to: index === 0 ? 'server' : 'sender', text })
        if (this.random.next() < this.faults.breakLink) return breakNow()
        const copies =
          (this.random.next() < this.faults.lose ? 0 : 1) + (this.random.next() < this.faults.repeat ? 1 : 0)
        for (let copy = 0; copy < copies; copy++) {
          this.clock.after(0.1 + this.random.next() * this.faults.delayMs, () => {
            if (open) ends[1 - index]?.handlers?.onMessage(text)
          })
        }
      },
      close: () => breakBoth(null),
    })
    ends.push(endOf(0), endOf(1))
    return ends as [End, End]
  }

  breakAll(): void {
    for (const breakNow of [...this.#links]) breakNow()
  }

  listen(): never {
    throw new Error('this network has links only')
  }

  connect(): never {
    throw new Error('this network has links only')
  }
}

/** A runtime without a disk. */
export function runtimeOf(clock: WorldClock, network: Network, random: Random): Runtime {
  const noDisk = () => {
    throw new Error('this runtime has no disk')
  }
  const disk = {
    open: noDisk,
    exists: noDisk,
    list: noDisk,
    mkdir: noDisk,
    remove: noDisk,
    removeAsync: noDisk,
    rename: noDisk,
    syncFolder: noDisk,
  }
  return { clock, random, network, disk, bootId: 'world' }
}
