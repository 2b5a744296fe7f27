// The sender's side of the heartbeat loop as a pure state machine: what to send next, what to apply, when to dial
// again. sender.ts does what it says. heartbeat.md holds the rules; the ones that races make easy to get wrong:
//
//   - One heartbeat in flight per link. News during a flight send another right after it.
//   - An answer from a lower Castle epoch than any heard before never happened, whoever sends it; but that Castle may
//     have lost its memory of us, and believes in a higher epoch only when it hears who says so.
//   - Per subject the newest version wins, so a lost, repeated or late answer changes nothing for the worse.
//   - The lease counts from the moment of sending the heartbeat that renewed it, on both clocks.
//
//   waiting --tick--> dialing --linked--> linked --unlinked--> waiting        stopped: the end
//
// Events only note what has happened; `tick` alone dials and sends. So all news of one turn leave in one heartbeat.
import type { Effect, Flight, Loop, LoopEvent, Moment } from './loop-state.ts'
import type { Answer, Push } from './messages.ts'
import type { Subject } from './subjects.ts'

/** Two heartbeats are never closer than this, whatever happens in between. */
const gapMs = 5
const backOffMs = { min: 100, max: 5_000 }
/** A sender that was away must be back well before a Castle that just started has waited its lease (R10). */
const backOffPartOfLease = 0.4
const outcomesMax = 1_000
const tombstonesMax = 10_000

type Step = readonly [Loop, readonly Effect[]]

export function step(loop: Loop, event: LoopEvent, at: Moment): Step {
  if (loop.phase === 'stopped') return [loop, []]
  switch (event.kind) {
    case 'linked':
      return [{ ...loop, phase: 'linked', dueMs: at.nowMs, notBeforeMs: at.nowMs }, []]
    case 'unlinked':
      return [unlinked(loop, at), []]
    case 'answer':
      return onAnswer(loop, event.answer, at)
    case 'push':
      return [onPush(loop, event.push, at), []]
    case 'changed':
      return [dueNow({ ...loop, reportNumber: loop.reportNumber + 1 }, at), []]
    case 'asked':
      return [dueNow({ ...loop, acknowledged: event.report ? -1 : loop.acknowledged }, at), []]
    case 'outcome':
      // Past the bound the oldest is dropped: Castle gives that directive again, and hears again that it is done.
      return [dueNow({ ...loop, outcomes: [...loop.outcomes, event.outcome].slice(-outcomesMax) }, at), []]
    case 'forgotten':
      return [{ ...loop, versions: without(loop.versions, [event.key]), reportNumber: loop.reportNumber + 1 }, []]
    case 'tick':
      return onTick(loop, at)
    case 'stopped':
      return stopped(loop, 'stopped')
  }
}

/** When `tick` is next of use, on the monotonic clock. */
export function wakeAt(loop: Loop): number {
  switch (loop.phase) {
    case 'waiting':
      return loop.redialMs
    case 'linked':
      return loop.flight === null ? Math.max(loop.dueMs, loop.notBeforeMs) : overdueAt(loop, loop.flight)
    default:
      return Number.POSITIVE_INFINITY
  }
}

/** How long a dial may take: no longer than the longest back-off. */
export function dialTimeoutMs(loop: Loop): number {
  return Math.max(250, backOffLimit(loop))
}

function onTick(loop: Loop, at: Moment): Step {
  if (loop.phase === 'waiting') return at.nowMs >= loop.redialMs ? dial(loop) : [loop, []]
  if (loop.phase !== 'linked') return [loop, []]
  if (loop.flight === null) return send(loop, at)
  if (at.nowMs < overdueAt(loop, loop.flight)) return [loop, []]
  return [unlinked(loop, at), [{ kind: 'close', why: 'no answer within two intervals' }]]
}

function dial(loop: Loop): Step {
  const url = loop.redirect ?? loop.urls[loop.urlIndex % loop.urls.length]
  if (url === undefined) return [loop, []]
  return [{ ...loop, phase: 'dialing', redirect: null }, [{ kind: 'dial', url }]]
}

function send(loop: Loop, at: Moment): Step {
  if (at.nowMs < loop.dueMs || at.nowMs < loop.notBeforeMs) return [loop, []]
  const flight: Flight = {
    seq: loop.seq + 1,
    sentAt: { nowMs: at.nowMs, bootMs: at.bootMs },
    reportNumber: loop.reportNumber,
    withReport: loop.acknowledged !== loop.reportNumber,
    since: loop.takesChanges ? loop.acknowledged : -1,
    outcomes: loop.outcomes.length,
  }
  // Jitter of a tenth, downwards: the interval is the longest silence.
  const dueMs = at.nowMs + loop.intervalMs * (1 - at.random / 10)
  return [{ ...loop, seq: flight.seq, flight, dueMs, notBeforeMs: at.nowMs + gapMs }, [{ kind: 'send', flight }]]
}

function unlinked(loop: Loop, at: Moment): Loop {
  const delayMs = Math.min(backOffLimit(loop), backOffMs.min * 2 ** Math.min(loop.failures, 20)) * (0.5 + at.random / 2)
  return {
    ...loop,
    phase: 'waiting',
    flight: null,
    greeted: false,
    // Whoever answers on the next link may be of an older release, to which changes would be all there is.
    takesChanges: false,
    // A link that worked and broke says nothing against its URL; one that never gave an answer does.
    urlIndex: loop.greeted ? loop.urlIndex : (loop.urlIndex + 1) % loop.urls.length,
    failures: loop.failures + 1,
    redialMs: at.nowMs + delayMs,
  }
}

function stopped(loop: Loop, why: string): Step {
  return [
    { ...loop, phase: 'stopped', flight: null, greeted: false },
    loop.phase === 'linked' ? [{ kind: 'close', why }] : [],
  ]
}

function onPush(loop: Loop, push: Push, at: Moment): Loop {
  if (push.castleEpoch < loop.castleEpoch) return loop
  const dueMs = Math.min(loop.dueMs, at.nowMs + push.withinMs * at.random)
  return { ...loop, castleEpoch: push.castleEpoch, dueMs, spreadMs: push.withinMs }
}

function onAnswer(loop: Loop, answer: Answer, at: Moment): Step {
  if (answer.castleEpoch < loop.castleEpoch) {
    return [answer.needReport === true ? { ...loop, acknowledged: -1 } : loop, []]
  }
  const known = { ...loop, castleEpoch: answer.castleEpoch }
  if (answer.stop !== undefined) {
    const [end, effects] = stopped(known, answer.stop)
    return [end, [...effects, { kind: 'stop', reason: answer.stop }]]
  }
  const flight = loop.flight !== null && loop.flight.seq === answer.seq ? loop.flight : null
  if (answer.askUrl !== undefined) return flight === null ? [known, []] : askElsewhere(known, answer.askUrl, at)
  if (answer.comeBackInMs !== undefined)
    return [flight === null ? known : comeBackIn(known, answer.comeBackInMs, at), []]
  const newer = newerThan(loop.versions, answer.subjects ?? [])
  const applied = apply(known, newer, at)
  const effects: Effect[] = newer.length > 0 ? [{ kind: 'apply', subjects: newer }] : []
  // Late, or a repeat: its subjects count, but it ends no flight, renews no lease and brings no directives.
  if (flight === null) return [applied, effects]
  effects.push({ kind: 'answered', answer, first: !loop.greeted })
  const directives = (answer.directives ?? []).filter((one) => flight.sentAt.nowMs + one.expiresInMs > at.nowMs)
  if (directives.length > 0) effects.push({ kind: 'run', directives })
  return [landed(applied, flight, answer, newer.length > 0, at), effects]
}

/** The flight has its answer. */
function landed(loop: Loop, flight: Flight, answer: Answer, news: boolean, at: Moment): Loop {
  const next: Loop = {
    ...loop,
    flight: null,
    greeted: true,
    failures: 0,
    intervalMs: answer.intervalMs,
    leaseMs: answer.leaseMs,
    lease: { nowMs: flight.sentAt.nowMs + answer.leaseMs, bootMs: flight.sentAt.bootMs + answer.leaseMs },
    brokerEpoch: Math.max(loop.brokerEpoch, answer.brokerEpoch ?? 0),
    acknowledged: answer.needReport === true ? -1 : flight.reportNumber,
    takesChanges: answer.takesChanges === true,
    dueMs: Math.min(loop.dueMs, flight.sentAt.nowMs + answer.intervalMs),
    outcomes: loop.outcomes.slice(flight.outcomes),
    spreadMs: news ? loop.spreadMs : 0,
  }
  // A Castle that asks for what it has just been given, or has more but gives nothing, is not asked faster for it.
  const hasSaidAll = flight.withReport && flight.since === -1
  const asksAgain = (answer.needReport === true && !hasSaidAll) || (answer.more === true && news)
  return asksAgain ? dueNow(next, at) : next
}

/** Of each key the newest, where it is newer than what is held. */
function newerThan(versions: ReadonlyMap<string, number>, subjects: readonly Subject[]): Subject[] {
  const newest = new Map<string, Subject>()
  for (const subject of subjects) {
    const held = newest.get(subject.key)?.version ?? versions.get(subject.key) ?? -1
    if (subject.version > held) newest.set(subject.key, subject)
  }
  return [...newest.values()]
}

/** Takes subjects in. What it holds now is part of the report, and told soon: within the spread of the last push. */
function apply(loop: Loop, newer: readonly Subject[], at: Moment): Loop {
  if (newer.length === 0) return loop
  const versions = new Map(loop.versions)
  for (const subject of newer) versions.set(subject.key, subject.version)
  const deleted = newer.filter(isTombstone).map((subject) => subject.key)
  const tombstones = deleted.length === 0 ? loop.tombstones : [...loop.tombstones, ...deleted]
  const dropped = tombstones.slice(0, Math.max(0, tombstones.length - tombstonesMax))
  return {
    ...loop,
    versions: dropped.length === 0 ? versions : without(versions, dropped),
    tombstones: tombstones.slice(dropped.length),
    reportNumber: loop.reportNumber + 1,
    dueMs: Math.min(loop.dueMs, at.nowMs + loop.spreadMs * at.random),
  }
}

function isTombstone(subject: Subject): boolean {
  const { state } = subject
  return typeof state === 'object' && state !== null && 'deleted' in state && state.deleted === true
}

function without(versions: ReadonlyMap<string, number>, keys: readonly string[]): Map<string, number> {
  const rest = new Map(versions)
  for (const key of keys) rest.delete(key)
  return rest
}

function comeBackIn(loop: Loop, delayMs: number, at: Moment): Loop {
  const dueMs = at.nowMs + delayMs * (1 + at.random / 10)
  return { ...loop, flight: null, failures: 0, dueMs, notBeforeMs: dueMs }
}

/** At once the first time; two standbys that name each other make it back off. */
function askElsewhere(loop: Loop, url: string, at: Moment): Step {
  const away = unlinked(loop, at)
  const redialMs = loop.failures === 0 ? at.nowMs : away.redialMs
  return [{ ...away, redirect: url, redialMs }, [{ kind: 'close', why: `the active Castle is ${url}` }]]
}

function overdueAt(loop: Loop, flight: Flight): number {
  return flight.sentAt.nowMs + 2 * loop.intervalMs
}

function backOffLimit(loop: Loop): number {
  return Math.max(backOffMs.min, Math.min(backOffMs.max, loop.leaseMs * backOffPartOfLease))
}

function dueNow(loop: Loop, at: Moment): Loop {
  return { ...loop, dueMs: Math.min(loop.dueMs, at.nowMs) }
}
