// Does what the plan says to real processes, and undoes it. Nothing is broken twice at a time: whoever lets a fault begin waits until its
// victims are well (turns.ts).
import { setTimeout as pause } from 'node:timers/promises'
import type { Trouble } from '../checkers/index.ts'
import type { Machines, MemberName, TestPlatform } from '../processes/index.ts'
import type { Fault, FaultKind } from './plan.ts'

/** What faults are done to. */
export interface Victims {
  readonly platform: TestPlatform
  /** Undefined where there may be none. */
  readonly machines: Machines | undefined
  /** The broker with a small disk, and a file there that may take all its room. */
  readonly smallDisk: { readonly broker: MemberName; readonly filler: string }
  readonly nowMs: () => number
  /** Kills a member of the group; resolves when there is another in its place. */
  killConsumer(forMs: number): Promise<void>
}

export interface Done {
  readonly fault: Fault
  readonly fromMs: number
  readonly untilMs: number
}

/** A leader may be dead from their beginning on: R2 permits a second before it. Of other kinds, such as a Castle that dies, nothing. */
const deaths: readonly FaultKind[] = ['kill-broker', 'kill-castle-and-broker', 'kill-all-brokers', 'hang-broker']
/** A leader that only Castle cannot hear leads on, until Castle calls it down, at whatever moment of the cut. */
const cuts: readonly FaultKind[] = ['isolate', 'cut', 'cut-one-way']

export class Faults {
  readonly done: Done[] = []
  readonly #victims: Victims
  /** Who is in trouble, and when that is over, whatever its end. */
  readonly #trouble = new Map<string, Promise<unknown>>()
  readonly #troubles: Trouble[]

  constructor(victims: Victims, troubles: Trouble[]) {
    this.#victims = victims
    this.#troubles = troubles
  }

  /** Resolves when none of its victims is in trouble. */
  async untilWell(fault: Fault): Promise<void> {
    const troubles = this.#namesOf(fault).flatMap((name) => this.#trouble.get(name) ?? [])
    if (troubles.length === 0) return
    await Promise.all(troubles)
    return this.untilWell(fault)
  }

  /** Resolves when it is over. Rejects when what was broken does not come back. Its victims are well when it begins. */
  async inject(fault: Fault, signal: AbortSignal): Promise<void> {
    const names = this.#namesOf(fault)
    const inTrouble = names.find((name) => this.#trouble.has(name))
    if (inTrouble !== undefined) throw new Error(`${fault.kind} began while ${inTrouble} was in trouble`)
    const happening = this.#happen(fault, names, signal)
    const over = happening
      .catch(() => undefined) // told to whoever asked for the fault
      .then(() => {
        for (const name of names) this.#trouble.delete(name)
      })
    for (const name of names) this.#trouble.set(name, over)
    return happening
  }

  async #happen(fault: Fault, names: readonly string[], signal: AbortSignal): Promise<void> {
    const fromMs = this.#victims.nowMs()
    const isCut = cuts.includes(fault.kind)
    const machines = isCut ? brokersCut(fault) : names
    const trouble = { machines, fromMs, untilMs: isCut ? Number.POSITIVE_INFINITY : fromMs }
    if (isCut || deaths.includes(fault.kind)) this.#troubles.push(trouble)
    try {
      await this.#run(fault, signal)
    } finally {
      const untilMs = this.#victims.nowMs()
      if (isCut) trouble.untilMs = untilMs
      this.done.push({ fault, fromMs, untilMs })
    }
  }

  #namesOf(fault: Fault): string[] {
    const { platform, smallDisk } = this.#victims
    return victimsOf(fault, platform.names, smallDisk.broker)
  }

  async #run(fault: Fault, signal: AbortSignal): Promise<void> {
    const { platform, machines, smallDisk } = this.#victims
    const { kind, forMs, broker, from, to } = fault
    const name: MemberName = `broker-${broker}`
    const brokers = platform.names.filter((name) => name !== 'castle')
    const last = () => pause(forMs, undefined, { signal })
    switch (kind) {
      case 'kill-broker':
        return this.#kill([name], last)
      case 'kill-castle':
        return this.#kill(['castle'], last)
      case 'kill-castle-and-broker':
        return this.#kill(['castle', name], last)
      case 'kill-all-brokers':
        return this.#kill(brokers, last)
      case 'restart-broker':
        return this.#restart([name])
      case 'restart-all':
        return this.#restart(platform.names)
      case 'hang-broker':
        return this.#hang(name, last)
      case 'hang-castle':
        return this.#hang('castle', last)
      case 'kill-consumer':
        return this.#victims.killConsumer(forMs)
      case 'isolate':
        return this.#cut(
          [...platform.names, 'here']
            .filter((other) => other !== name)
            .flatMap((other) => [
              [name, other],
              [other, name],
            ]),
          last,
        )
      case 'cut':
        return this.#cut(
          [
            [from, to],
            [to, from],
          ],
          last,
        )
      case 'cut-one-way':
        return this.#cut([[from, to]], last)
      case 'full-disk':
        fill(machines!, smallDisk)
        return last().finally(() => machines!.remove(smallDisk.broker, smallDisk.filler))
    }
  }

  async #kill(names: readonly MemberName[], last: () => Promise<void>): Promise<void> {
    await Promise.all(names.map((name) => this.#victims.platform.kill(name)))
    await last()
    await Promise.all(names.map((name) => this.#victims.platform.restart(name)))
  }

  async #restart(names: readonly MemberName[]): Promise<void> {
    for (const name of names) {
      await this.#victims.platform.stopOne(name)
      await this.#victims.platform.restart(name)
    }
  }

  async #hang(name: MemberName, last: () => Promise<void>): Promise<void> {
    const process = this.#victims.platform.process(name)
    process.signal('SIGSTOP')
    try {
      await last()
    } finally {
      process.signal('SIGCONT')
    }
  }

  /** Ways `[from, to]`. */
  async #cut(ways: readonly string[][], last: () => Promise<void>): Promise<void> {
    const machines = this.#victims.machines!
    for (const [from = '', to = ''] of ways) machines.cut(from, to)
    try {
      await last()
    } finally {
      for (const [from = '', to = ''] of ways) machines.heal(from, to)
    }
  }
}

/** Whom a fault breaks: of Castle and the brokers by their `names`, of whom one has a small disk, and what else there is one of. */
export function victimsOf({ kind, broker }: Fault, names: readonly string[], smallDisk: string): string[] {
  const name = `broker-${broker}`
  switch (kind) {
    case 'kill-broker':
    case 'restart-broker':
    case 'hang-broker':
      return [name]
    case 'kill-castle':
    case 'hang-castle':
      return ['castle']
    case 'kill-castle-and-broker':
      return ['castle', name]
    case 'kill-all-brokers':
      return names.filter((name) => name !== 'castle')
    case 'restart-all':
      return [...names]
    case 'kill-consumer':
      return ['consumer']
    case 'isolate':
    case 'cut':
    case 'cut-one-way':
      return ['network']
    case 'full-disk':
      return [smallDisk]
  }
}

/** At the ends of the ways that are cut. */
function brokersCut({ kind, broker, from, to }: Fault): string[] {
  return kind === 'isolate' ? [`broker-${broker}`] : [from, to].filter((name) => name.startsWith('broker-'))
}

/** Takes all the room there is. */
function fill(machines: Machines, { broker, filler }: Victims['smallDisk']): void {
  for (let bytes = 4 << 20; bytes >= 512; ) {
    try {
      machines.append(broker, filler, new Uint8Array(bytes))
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
      bytes >>= 1
    }
  }
}
