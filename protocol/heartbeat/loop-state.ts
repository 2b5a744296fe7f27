// What the loop of loop.ts remembers, what happens to it, and what it wants done.
import type { Deadline } from '../runtime/index.ts'
import type { Answer, Directive, DirectiveOutcome, Push } from './messages.ts'
import type { Subject } from './subjects.ts'

/** One reading of the clocks, with a random number in [0, 1) for jitter. */
export interface Moment {
  readonly nowMs: number
  readonly bootMs: number
  readonly random: number
}

/** A heartbeat that was sent and not answered yet. */
export interface Flight {
  readonly seq: number
  readonly sentAt: Deadline
  readonly reportNumber: number
  readonly withReport: boolean
  /** The report may say what changed since the one of this number; -1: it is to say all. */
  readonly since: number
  /** How many of `outcomes`, from the first, it carries. */
  readonly outcomes: number
}

export interface Loop {
  readonly phase: 'waiting' | 'dialing' | 'linked' | 'stopped'
  readonly urls: readonly string[]
  readonly urlIndex: number
  /** Where a Castle that is not the active one sent us; tried once. */
  readonly redirect: string | null
  readonly castleEpoch: number
  readonly brokerEpoch: number
  readonly intervalMs: number
  readonly leaseMs: number
  readonly lease: Deadline | null
  /** Subject key -> the version applied: the report's `holds`. */
  readonly versions: ReadonlyMap<string, number>
  /** Keys of deleted topics in `versions`, oldest first, so that they can be bounded. */
  readonly tombstones: readonly string[]
  readonly reportNumber: number
  /** The report that Castle last said to have; -1: it asks for all of it. */
  readonly acknowledged: number
  /** Castle takes a report's changes. */
  readonly takesChanges: boolean
  readonly seq: number
  readonly flight: Flight | null
  /** Castle answered on this link. */
  readonly greeted: boolean
  /** When the next heartbeat is due, and before when none may be sent. */
  readonly dueMs: number
  readonly notBeforeMs: number
  /** The spread of the last push; the report of what it brought keeps to it too. */
  readonly spreadMs: number
  readonly redialMs: number
  readonly failures: number
  readonly outcomes: readonly DirectiveOutcome[]
}

export type LoopEvent =
  | { kind: 'linked' }
  /** The dial failed, or the link is gone. */
  | { kind: 'unlinked' }
  | { kind: 'answer'; answer: Answer }
  | { kind: 'push'; push: Push }
  /** The sender's own report changed. */
  | { kind: 'changed' }
  /** Heartbeat at once, with the whole report when `report` is set. */
  | { kind: 'asked'; report: boolean }
  | { kind: 'outcome'; outcome: DirectiveOutcome }
  /** The owner dropped what it held of this subject. */
  | { kind: 'forgotten'; key: string }
  /** After any other event, and at `wakeAt`: does what is due. */
  | { kind: 'tick' }
  | { kind: 'stopped' }

export type Effect =
  | { kind: 'dial'; url: string }
  | { kind: 'close'; why: string }
  | { kind: 'send'; flight: Flight }
  | { kind: 'apply'; subjects: readonly Subject[] }
  | { kind: 'run'; directives: readonly Directive[] }
  /** An answer that counts; `first` on this link. */
  | { kind: 'answered'; answer: Answer; first: boolean }
  | { kind: 'stop'; reason: string }

export interface LoopOptions {
  readonly urls: readonly string[]
  readonly intervalMs: number
  readonly leaseMs: number
  readonly castleEpoch?: number
  readonly versions?: ReadonlyMap<string, number>
}

export function newLoop(options: LoopOptions): Loop {
  return {
    phase: 'waiting',
    urls: options.urls,
    urlIndex: 0,
    redirect: null,
    castleEpoch: options.castleEpoch ?? 0,
    brokerEpoch: 0,
    intervalMs: options.intervalMs,
    leaseMs: options.leaseMs,
    lease: null,
    versions: new Map(options.versions),
    tombstones: [],
    reportNumber: 1,
    acknowledged: -1,
    takesChanges: false,
    seq: 0,
    flight: null,
    greeted: false,
    dueMs: 0,
    notBeforeMs: 0,
    spreadMs: 0,
    redialMs: Number.NEGATIVE_INFINITY,
    failures: 0,
    outcomes: [],
  }
}
