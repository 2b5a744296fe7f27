// Death by proof (S1): a broker whose link broke, and whose address refuses connections, is gone, and its lease need not be waited for.
// Only where that very process had answered at the address when it registered: else the address may never have been reachable from here.
//
//   registered --> ask at its address who it is --> the same incarnation: known there
//                   ^---- with a later heartbeat ----'-- else, for as long as it lives
//   link broken, known there --> knock, again and again while the link is gone --> refused: gone
//
// The kernel closes a dead process's sockets one after another, so that the first knock may still be let in. This is about speed
// alone: whoever is called dead wrongly is fenced by epochs, and registers again.
import { type Address, type Clock, Complaints, type Logger, sleep } from '@castellan/protocol/runtime'
import type { Doors } from './doors.ts'

export interface Process {
  readonly id: number
  readonly incarnation: string
  readonly host: string
  readonly port: number
}

export interface ProofsOptions {
  readonly doors: Doors
  readonly clock: Clock
  readonly log: Logger
  /** This Castle's event loop stood still lately: what it sees may be old. */
  readonly isInattentive: () => boolean
}

/** After each answer that was none. An address may be out of reach for long, and a port be another's until that has ended. */
const askAgainMs = [500, 5_000, 30_000]
/** Ends well before a lease of a second does. */
const knockDelaysMs = [0, 2, 3, 5, 10, 20, 40, 80, 160, 320]

interface Asked {
  readonly incarnation: string
  state: 'asking' | 'unknown' | 'known'
  /** How often it was not found. */
  failures: number
  /** While it is unknown: asked again then. */
  nextMs: number
}

export class Proofs {
  readonly #options: ProofsOptions
  readonly #complaints: Complaints
  /** Broker -> the process that is asked for or known at its address. */
  readonly #asked = new Map<number, Asked>()
  readonly #knocking = new Set<number>()
  readonly #end = new AbortController()

  constructor(options: ProofsOptions) {
    this.#options = options
    this.#complaints = new Complaints(options.clock, options.log)
  }

  /** Each heartbeat of a registered process: asks at its address who it is, until that is known. */
  meet(process: Process): void {
    const { id, incarnation } = process
    let asked = this.#asked.get(id)
    if (asked?.incarnation !== incarnation) {
      asked = { incarnation, state: 'unknown', failures: 0, nextMs: 0 }
      this.#asked.set(id, asked)
    }
    if (asked.state === 'unknown' && this.#options.clock.nowMs() >= asked.nextMs) void this.#ask(process, asked)
  }

  /** Whether its address has answered as this process. */
  isKnown({ id, incarnation }: Pick<Process, 'id' | 'incarnation'>): boolean {
    const asked = this.#asked.get(id)
    return asked?.state === 'known' && asked.incarnation === incarnation
  }

  /** Its link broke: calls `onGone` when that process is proven gone while `isMissing`. */
  onLinkClosed(process: Process, isMissing: () => boolean, onGone: () => void): void {
    if (!this.isKnown(process) || this.#knocking.has(process.id)) return
    this.#knocking.add(process.id)
    this.#isGone(process, () => isMissing() && this.isKnown(process))
      .then(
        (isGone) => {
          if (isGone) onGone()
        },
        (error: unknown) => this.#onTrouble(process, error),
      )
      .finally(() => this.#knocking.delete(process.id))
  }

  /** Nothing is begun any more. */
  close(): void {
    this.#end.abort()
  }

  async #ask(process: Process, asked: Asked): Promise<void> {
    const { doors, clock } = this.#options
    asked.state = 'asking'
    try {
      const answering = await doors.incarnationAt(addressOf(process), process.id)
      asked.state = answering === process.incarnation ? 'known' : 'unknown'
    } catch (error) {
      asked.state = 'unknown'
      if (asked.failures > 0) this.#onTrouble(process, error)
    }
    asked.nextMs = clock.nowMs() + askAgainMs[Math.min(asked.failures, askAgainMs.length - 1)]!
    asked.failures += 1
  }

  async #isGone(process: Process, isMissing: () => boolean): Promise<boolean> {
    const { doors, clock, isInattentive } = this.#options
    for (const delayMs of knockDelaysMs) {
      if (delayMs > 0) await sleep(clock, delayMs, this.#end.signal)
      if (this.#end.signal.aborted || !isMissing()) return false
      if (isInattentive()) continue
      if ((await doors.knock(addressOf(process))) === 'refused') return isMissing() && !this.#end.signal.aborted
    }
    return false
  }

  #onTrouble({ id, host, port }: Process, error: unknown): void {
    if (this.#end.signal.aborted) return
    const fields = { broker: id, address: `${host}:${port}`, error }
    this.#complaints.say(
      'address',
      fields,
      "cannot reach a broker at its address: only its lease will tell that it's gone",
    )
  }
}

function addressOf({ host, port }: Process): Address {
  return { host, port }
}
