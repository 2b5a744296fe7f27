// Hands partitions over to those that Castle names next, though nobody died: nothing that was acknowledged is lost. What follows from what is
// partition/leader-state.ts's.
//
//   Castle's word names the next leader ┐
//   the next leader has everything ─────┴─► asked: it is acknowledged nothing that it has not got ─► handOver ─► Castle's newer word
//                                                       ▲                                             │
//                                                       └──────────── nobody knows ───────────────────┘ asked again
//
// Appends are held meanwhile, for a moment.
import type { HandOverArgs, Result } from '@castellan/protocol/heartbeat'
import { Complaints, type Logger, type Runtime, type Timer } from '@castellan/protocol/runtime'
import type { HandOverQuestion } from '../partition/followers.ts'
import type { Partition } from '../partition/index.ts'
import { type Answer, Questions } from './questions.ts'

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
const limits = {
  partitionsPerCall: 5_000,
  failedBackOff: { minMs: 20, maxMs: 1_000 },
  restMs: { min: 10, max: 200 },
}
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
  readonly #questions: Questions<HandOverQuestion, HandOverArgs['partitions'][number]>
  #holdTimer: Timer | undefined
  #isClosed = false

  constructor(runtime: Runtime, options: HandOversOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#complaints = new Complaints(runtime.clock, options.log)
    this.#questions = this.#newQuestions()
    options.partitions.onHandOver((partition) => this.#noteDue(partition))
  }

  close(): void {
    this.#isClosed = true
    this.#holdTimer?.cancel()
    this.#questions.close()
    this.#due.clear()
    this.#holding.clear()
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
      if (canHandOver) this.#questions.put(partition, partition.followers.ask())
    }
    this.#holdLater()
    this.#questions.send()
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

  #newQuestions(): Questions<HandOverQuestion, HandOverArgs['partitions'][number]> {
    const { castle } = this.#options
    return new Questions(this.#runtime, {
      ...limits,
      brokerEpoch: () => castle.brokerEpoch,
      isOpen: ({ followers }, question) => followers.isAsked(question),
      words: ({ topicId, index }, question) => ({ topicId, partition: index, ...question }),
      call: (args) => castle.call('handOver', args, callTimeoutMs),
      // Any newer state says what became of it; the same one leaves it open.
      isAnsweredBy: ({ partitionEpoch }, { state }) => state !== undefined && state.partitionEpoch > partitionEpoch,
      take: (partition, _, answer) => this.#take(partition, answer),
      onSilence: (fields) =>
        this.#complaints.say('hand over', fields, 'Castle does not answer who leads next; it is asked again'),
    })
  }

  #take({ topic, index, leaderEpoch, followers }: Partition, { errorCode, state }: Answer): void {
    if (state === undefined) return
    this.#options.log.debug({ topic, partition: index, leaderEpoch, errorCode, next: state.leader }, 'handed over')
    followers.heard(state)
  }
}
