// What can be set at a consumer: each once, with its default and what is accepted.
import type { Backoff } from '../backoff.ts'
import { CastellanError } from '../errors.ts'
import {
  callback,
  checkOptions,
  custom,
  durationMs,
  flag,
  fraction,
  integer,
  name,
  nameLengthMax,
  needed,
  oneOf,
  type Rules,
} from '../options.ts'
import { type AnyTopic, isTopic } from '../serde/topic.ts'
import type { AssignedPartitions, StartOffset } from './types.ts'

export interface RetryOptions {
  /** After so many failed attempts the message counts as stuck; it is tried on, at the longest interval. */
  readonly maxAttempts: number
  readonly initialIntervalMs: number
  readonly multiplier: number
  readonly maxIntervalMs: number
  /** 0 to 1: the part of an interval that is drawn by lot. */
  readonly jitter: number
  /** False: trying again is in vain, and the message is stuck at once. A handler can say the same itself: `throw new NotRetriable(..)`. */
  readonly retriable: (error: unknown) => boolean
}

export interface ConsumerOptions {
  readonly group: string
  /** By name, or typed. */
  readonly topics: readonly (string | AnyTopic)[]
  /** Where to start a partition without a committed offset. 'none': an error instead (OFFSET_MISSING, OFFSET_OUT_OF_RANGE). */
  readonly start: 'earliest' | 'latest' | 'none'
  readonly retry: RetryOptions
  /**
   * Messages of one partition that `run` handles at once: those of different keys side by side, those of a key in order, those without a
   * key in any order. What is committed is the first that is not done.
   */
  readonly concurrency: number
  /**
   * With `concurrency`: how far handling may run ahead of the first message that is not done, in messages of a partition (and in
   * `partitionPrefetchBytes`). So many are handled again, at most, when another member takes over, and
   * after a seek.
   */
  readonly windowMessagesMax: number
  /** Commits what is done by itself: every interval, before a partition is given up, and at the end. */
  readonly autoCommit: boolean
  readonly autoCommitIntervalMs: number
  /** How long handlers may go on when their partition goes to another member; then they get the abort signal. */
  readonly revokeTimeoutMs: number
  /**
   * How long the assignment counts without an answer of the coordinator, from sending on; never more than the group's session
   * timeout there. 0: as the coordinator is configured, which is asked.
   */
  readonly sessionTimeoutMs: number
  /** Bytes fetched and not handled yet, of all partitions; and of one. */
  readonly prefetchBytes: number
  readonly partitionPrefetchBytes: number
  /** How long a broker waits for new messages before it answers that there are none. */
  readonly fetchWaitMs: number
  readonly fetchBytesMin: number
  readonly fetchBytesMax: number
  /** Messages of one call of a handler of `runBatches`, at most. */
  readonly batchMessagesMax: number
  readonly requestTimeoutMs: number
  /** Rack of this member, for assignments. '': none. */
  readonly rack: string
  /**
   * For services that keep offsets in their own store: asked before new partitions are read. Partitions that it does not name start where
   * the group has committed. When it throws, it is asked again.
   */
  readonly startOffsets: (partitions: AssignedPartitions) => readonly StartOffset[] | Promise<readonly StartOffset[]>
}

const mebibyte = 1024 * 1024

const retryRules: Rules<RetryOptions> = {
  maxAttempts: integer(5, 1, 2 ** 31),
  initialIntervalMs: durationMs(200),
  multiplier: fraction(2, 1, 1000),
  maxIntervalMs: durationMs(30_000),
  jitter: fraction(0.2, 0, 1),
  retriable: callback<RetryOptions['retriable']>(() => true),
}

const isNamed = (value: unknown) =>
  isTopic(value) || (typeof value === 'string' && value !== '' && value.length <= nameLengthMax)

const consumerRules: Rules<ConsumerOptions> = {
  group: needed(name()),
  topics: needed(
    custom(
      `a list of texts of 1 to ${nameLengthMax} characters or typed topics, not empty`,
      [],
      (value) => Array.isArray(value) && value.length > 0 && value.every(isNamed),
    ),
  ),
  start: oneOf('earliest', 'earliest', 'latest', 'none'),
  retry: custom(
    'an object of retry options',
    checkOptions('retry', retryRules, {}),
    (value) => typeof value === 'object',
  ),
  concurrency: integer(1, 1, 10_000),
  windowMessagesMax: integer(1_000, 1, 1_000_000),
  autoCommit: flag(true),
  autoCommitIntervalMs: durationMs(1_000, 1),
  revokeTimeoutMs: durationMs(30_000),
  sessionTimeoutMs: durationMs(0),
  prefetchBytes: integer(16 * mebibyte, 1, 2 ** 40),
  partitionPrefetchBytes: integer(mebibyte, 1, 2 ** 31 - 1),
  fetchWaitMs: durationMs(500, 0, 60_000),
  fetchBytesMin: integer(1, 0, 2 ** 31 - 1),
  fetchBytesMax: integer(8 * mebibyte, 1, 2 ** 31 - 1),
  batchMessagesMax: integer(1_000, 1, 2 ** 31),
  requestTimeoutMs: durationMs(10_000, 1),
  rack: custom('a text', '', (value) => typeof value === 'string'),
  startOffsets: callback<ConsumerOptions['startOffsets']>(() => []),
}

/** Checked, with defaults. Throws OPTION_UNKNOWN or OPTION_WRONG. */
export function consumerOptions(given: object): ConsumerOptions {
  const options = checkOptions('consumer', consumerRules, given)
  const retry = checkOptions('consumer: retry', retryRules, options.retry)
  if (retry.maxIntervalMs < retry.initialIntervalMs) {
    throw new CastellanError('OPTION_WRONG', "consumer: retry: 'maxIntervalMs' must be at least 'initialIntervalMs'")
  }
  checkTypedOnce(options.topics)
  const { concurrency } = options
  const window = (given as Partial<ConsumerOptions>).windowMessagesMax
  if (window !== undefined && concurrency === 1) {
    throw new CastellanError('OPTION_WRONG', "consumer: 'windowMessagesMax' says something only beside 'concurrency'")
  }
  const windowMessagesMax = window ?? Math.max(options.windowMessagesMax, 4 * concurrency)
  if (windowMessagesMax < concurrency) {
    throw new CastellanError('OPTION_WRONG', "consumer: 'windowMessagesMax' must be at least 'concurrency'")
  }
  return { ...options, windowMessagesMax, retry }
}

function checkTypedOnce(topics: ConsumerOptions['topics']): void {
  const typed = new Map<string, AnyTopic>()
  for (const topic of topics) {
    if (typeof topic === 'string') continue
    if ((typed.get(topic.name) ?? topic) !== topic) {
      throw new CastellanError('OPTION_WRONG', `consumer: 'topics' has two definitions of topic '${topic.name}'`)
    }
    typed.set(topic.name, topic)
  }
}

/** Each topic once, however often it is named. */
export function topicNames({ topics }: Pick<ConsumerOptions, 'topics'>): string[] {
  return [...new Set(topics.map((topic) => (typeof topic === 'string' ? topic : topic.name)))]
}

export function decodersOf({ topics }: Pick<ConsumerOptions, 'topics'>): Map<string, AnyTopic> {
  return new Map(topics.flatMap((topic) => (typeof topic === 'string' ? [] : [[topic.name, topic] as const])))
}

export function retryBackoff({ initialIntervalMs, multiplier, maxIntervalMs, jitter }: RetryOptions): Backoff {
  return { initialMs: initialIntervalMs, multiplier, maxMs: maxIntervalMs, jitter }
}
