// Hands partitions over to those that Castle names next, though nobody died: nothing that was acknowledged is lost. What follows from what is
// partition/leader-state.ts's.
//
//   Castle's word names the next leader ┐
//   the next leader has everything ─────┴─► asked: it is acknowledged nothing that it has not got ─► handOver ─► Castle's newer word
//                                                       ▲                                             │
//                                                       └──────────── nobody knows ───────────────────┘ asked again
//
// Appends are held meanwhile, for a moment. One call is under way at a time, for all partitions that need one.
import { type AlteredIsr, checks, type HandOverArgs, type Result } from '@castellan/protocol/heartbeat'
import { Complaints, type Logger, type Runtime, type Timer } from '@castellan/protocol/runtime'
import type { HandOverQuestion } from '../partition/followers.ts'
import type { Partition } from '../partition/index.ts'
import { type BackOff, backOffMs } from './back-off.ts'

export interface HandOversOptions {
  readonly partitions: { onHandOver(listener: (partition: Partition) => void): void }
  readonly castle: {
    /** Of this process, as Castle registered it; 0: not yet. */
    readonly brokerEpoch: number
    call(method: 'handOver', args: HandOverArgs, timeoutMs: number): Promise<Result>
  }
  readonly log: Logger
}

const callTimeoutMs = 2_000
const partitionsPerCall = 5_000
const failedBackOff: BackOff = { minMs: 20, maxMs: 1_000 }
/** After a call, twice as long as it took, within these: each makes new subjects of its topics, and a few at a time would keep everybody busy. */
const restMs = { min: 10, max: 200 }
/** Appends are held for so long at most: many times what a follower in sync needs. */
const holdMaxMs = 500

export class HandOvers {
  readonly #runtime: Runtime
  readonly #options: HandOversOptions
  readonly #complaints: Complaints
  /** Partitions that something happened to in this turn. */
  readonly #due = new Set<Partition>()
  /** Those that hold appends, in the order of their times. */
  readonly #holding = new Map<Partition, { readonly to: number; readonly untilMs: number }>()
  /** What Castle was asked, or is to be, and nobody knows the answer to. */
  readonly #open = new Map<Partition, HandOverQuestion>()
  #isCalling = false
  #failures = 0
  #holdTimer: Timer | undefined
  #sendTimer: Timer | undefined
  #isClosed = false

  constructor(runtime: Runtime, options: HandOversOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#complaints = new Complaints(runtime.clock, options.log)
    options.partitions.onHandOver((partition) => this.#noteDue(partition))
  }

  close(): void {
    this.#isClosed = true
    this.#holdTimer?.cancel()
    this.#sendTimer?.cancel()
    this.#due.clear()
    this.#holding.clear()
    this.#open.clear()
  }

  #noteDue(partition: Partition): void {
    if (this.#isClosed) return
    this.#due.add(partition)
    if (this.#due.size === 1) this.#runtime.clock.soon(() => this.#look())
  }

  #look(): void {
    const due = [...this.#due]
    this.#due.clear()
    const untilMs = this.#runtime.clock.nowMs() + holdMaxMs
    for (const partition of due) {
      const { handOver, canHandOver } = partition.followers
      if (handOver === null) continue
      if (this.#holding.get(partition)?.to !== handOver.to) {
        this.#holding.delete(partition)
        this.#holding.set(partition, { to: handOver.to, untilMs })
      }
      if (canHandOver) this.#open.set(partition, partition.followers.ask())
    }
    this.#holdLater()
    this.#send()
  }

  // ---------------------------------------------------------------- time

  #holdLater(): void {
    const [first] = this.#holding.values()
    if (first === undefined || this.#holdTimer !== undefined || this.#isClosed) return
    this.#holdTimer = this.#runtime.clock.after(Math.max(0, first.untilMs - this.#runtime.clock.nowMs()), () => {
      this.#holdTimer = undefined
      this.#endHolds()
      this.#holdLater()
    })
  }

  #endHolds(): void {
    const nowMs = this.#runtime.clock.nowMs()
    let lapsed = 0
    for (const [partition, { untilMs, to }] of this.#holding) {
      if (untilMs > nowMs) break
      this.#holding.delete(partition)
      const { handOver } = partition.followers
      if (handOver?.to !== to) continue
      if (handOver.kind === 'holding') lapsed++
      partition.followers.overtime()
    }
    if (lapsed > 0) this.#complaints.say('lapsed', { partitions: lapsed }, 'the next leader did not catch up in time')
  }

  // ---------------------------------------------------------------- asking Castle

  #send(): void {
    const { castle } = this.#options
    for (const [partition, question] of this.#open) {
      if (!partition.followers.isAsked(question)) this.#open.delete(partition)
    }
    if (this.#open.size === 0 || this.#isCalling || this.#sendTimer !== undefined || this.#isClosed) return
    if (castle.brokerEpoch === 0) return this.#retryLater()
    const asked = [...this.#open].slice(0, partitionsPerCall)
    const partitions = asked.map(([{ topicId, index }, question]) => ({ topicId, partition: index, ...question }))
    this.#isCalling = true
    const args = { brokerEpoch: castle.brokerEpoch, partitions }
    const beganMs = this.#runtime.clock.nowMs()
    void castle.call('handOver', args, callTimeoutMs).then((result) => this.#answered(asked, result, beganMs))
  }

  #answered(asked: readonly (readonly [Partition, HandOverQuestion])[], result: Result, beganMs: number): void {
    this.#isCalling = false
    if (this.#isClosed) return
    const answers = answersIn(result)
    if (answers === undefined) {
      const { errorCode, message } = result
      const fields = { partitions: asked.length, errorCode, reason: message }
      this.#complaints.say('hand over', fields, 'Castle does not answer who leads next; it is asked again')
      return this.#retryLater()
    }
    for (const [at, [partition, question]] of asked.entries()) this.#take(partition, question, answers[at])
    const isUnknown = ([partition, question]: (typeof asked)[number]) => this.#open.get(partition) === question
    // What Castle does not know (yet), or answered wrongly, is asked again a little later.
    if (asked.some(isUnknown)) return this.#retryLater()
    this.#failures = 0
    const tookMs = this.#runtime.clock.nowMs() - beganMs
    this.#sendAfter(Math.min(restMs.max, Math.max(restMs.min, 2 * tookMs)))
  }

  #take(partition: Partition, question: HandOverQuestion, answer: AlteredIsr['partitions'][number] | undefined): void {
    if (this.#open.get(partition) !== question) return
    const isOurs = answer?.topicId === partition.topicId && answer.partition === partition.index
    if (answer === undefined || !isOurs || answer.state === undefined) return
    const { topic, index, leaderEpoch } = partition
    const { errorCode, state } = answer
    this.#options.log.debug({ topic, partition: index, leaderEpoch, errorCode, next: state.leader }, 'handed over')
    // Any newer state says what became of it; the same one leaves it open.
    if (state.partitionEpoch > question.partitionEpoch) this.#open.delete(partition)
    partition.followers.heard(state)
  }

  #retryLater(): void {
    this.#failures++
    this.#sendAfter(backOffMs(failedBackOff, this.#failures, this.#runtime.random))
  }

  #sendAfter(delayMs: number): void {
    this.#sendTimer ??= this.#runtime.clock.after(delayMs, () => {
      this.#sendTimer = undefined
      this.#send()
    })
  }
}

/** Undefined: it says nothing for certain. */
function answersIn({ errorCode, value }: Result): AlteredIsr['partitions'] | undefined {
  return errorCode === 0 && checks.alteredIsr.is(value) ? value.partitions : undefined
}
