// What only Castle can say for certain of partitions that this broker leads: asked until there is an answer. A question stays open until
// then, whatever becomes of a call: it may have been heard.
//
//   put ─► open ─► one call at a time, for all that are open ─► answered: rest, then the next call
//            ▲                                                └► not certain: asked again, later each time
//            └───────────────────────────────────────────────────┘
//
// After a call it rests: each change makes a new subject of its topic, and thousands of partitions, a few at a time, would keep everybody
// busy with them.
import { type AlteredIsr, checks, type Result } from '@castellan/protocol/heartbeat'
import type { Runtime, Timer } from '@castellan/protocol/runtime'
import type { Partition } from '../partition/index.ts'
import { type BackOff, backOffMs } from './back-off.ts'

export type Answer = AlteredIsr['partitions'][number]

export interface QuestionsOptions<Question, Words> {
  readonly partitionsPerCall: number
  readonly failedBackOff: BackOff
  /** After a call, as long as it took twice, within these. */
  readonly restMs: { readonly min: number; readonly max: number }
  /** Of this process, as Castle registered it; 0: not yet, and nothing is asked. */
  brokerEpoch(): number
  /** False: the question is of no concern any more. */
  isOpen(partition: Partition, question: Question): boolean
  words(partition: Partition, question: Question): Words
  call(args: { brokerEpoch: number; partitions: Words[] }): Promise<Result>
  /** False: what Castle says leaves the question open, and it is asked again. */
  isAnsweredBy(question: Question, answer: Answer): boolean
  take(partition: Partition, question: Question, answer: Answer): void
  /** All answers of a call were taken. */
  onTaken?(): void
  /** A call was not answered, or with an error. */
  onSilence(fields: { partitions: number; errorCode: number; reason: string | undefined }): void
}

type Asked<Question> = readonly (readonly [Partition, Question])[]

export class Questions<Question, Words> {
  readonly #runtime: Runtime
  readonly #options: QuestionsOptions<Question, Words>
  /** What Castle was asked, or is to be, and nobody knows the answer to. */
  readonly #open = new Map<Partition, Question>()
  #isCalling = false
  #failures = 0
  #timer: Timer | undefined
  #isClosed = false

  constructor(runtime: Runtime, options: QuestionsOptions<Question, Words>) {
    this.#runtime = runtime
    this.#options = options
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#open.clear()
  }

  has(partition: Partition): boolean {
    return this.#open.has(partition)
  }

  /** In place of an earlier question about it. Call `send` when all are put. */
  put(partition: Partition, question: Question): void {
    this.#open.set(partition, question)
  }

  /** Asks what is open, now or as soon as may be. */
  send(): void {
    const { brokerEpoch, isOpen, words, call, partitionsPerCall } = this.#options
    for (const [partition, question] of this.#open) {
      if (!isOpen(partition, question)) this.#open.delete(partition)
    }
    if (this.#open.size === 0 || this.#isCalling || this.#timer !== undefined || this.#isClosed) return
    const epoch = brokerEpoch()
    if (epoch === 0) return this.#retryLater()
    const asked = [...this.#open].slice(0, partitionsPerCall)
    const partitions = asked.map(([partition, question]) => words(partition, question))
    this.#isCalling = true
    const beganMs = this.#runtime.clock.nowMs()
    void call({ brokerEpoch: epoch, partitions }).then((result) => this.#answered(asked, result, beganMs))
  }

  #answered(asked: Asked<Question>, result: Result, beganMs: number): void {
    this.#isCalling = false
    if (this.#isClosed) return
    const answers = answersIn(result)
    if (answers === undefined) {
      const { errorCode, message } = result
      this.#options.onSilence({ partitions: asked.length, errorCode, reason: message })
      return this.#retryLater()
    }
    for (const [at, [partition, question]] of asked.entries()) this.#take(partition, question, answers[at])
    this.#options.onTaken?.()
    // What Castle does not know (yet), or answered wrongly, is asked again a little later.
    if (asked.some(([partition, question]) => this.#open.get(partition) === question)) return this.#retryLater()
    this.#failures = 0
    const tookMs = this.#runtime.clock.nowMs() - beganMs
    const { min, max } = this.#options.restMs
    this.#sendAfter(Math.min(max, Math.max(min, 2 * tookMs)))
  }

  #take(partition: Partition, question: Question, answer: Answer | undefined): void {
    if (this.#open.get(partition) !== question) return
    const isOurs = answer?.topicId === partition.topicId && answer.partition === partition.index
    if (answer === undefined || !isOurs) return
    if (this.#options.isAnsweredBy(question, answer)) this.#open.delete(partition)
    this.#options.take(partition, question, answer)
  }

  #retryLater(): void {
    this.#failures++
    this.#sendAfter(backOffMs(this.#options.failedBackOff, this.#failures, this.#runtime.random))
  }

  #sendAfter(delayMs: number): void {
    this.#timer ??= this.#runtime.clock.after(delayMs, () => {
      this.#timer = undefined
      this.send()
    })
  }
}

/** Undefined: it says nothing for certain. */
function answersIn({ errorCode, value }: Result): readonly Answer[] | undefined {
  return errorCode === 0 && checks.alteredIsr.is(value) ? value.partitions : undefined
}
