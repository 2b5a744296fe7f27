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
  names,
  needed,
  oneOf,
  type Rules,
} from '../options.ts'
import type { AssignedPartitions, StartOffset, Stuck } from './types.ts'

export interface RetryOptions {
  /** After so many failed attempts the partition counts as stuck; it goes on trying, at the longest interval. */
  readonly maxAttempts: number
  readonly initialIntervalMs: number
  readonly multiplier: number
  readonly maxIntervalMs: number
  /** 0 to 1: the part of an interval that is drawn by lot. */
  readonly jitter: number
}

export interface ConsumerOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to start a partition without a committed offset. 'none': an error instead (OFFSET_MISSING, OFFSET_OUT_OF_RANGE). */
  readonly start: 'earliest' | 'latest' | 'none'
  readonly retry: RetryOptions
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
  /** Called when partitions are assigned, before they are read: may say where to start, instead of the committed offset. */
  readonly onAssigned: (partitions: AssignedPartitions) => StartOffset[] | Promise<StartOffset[]> | void | Promise<void>
  /** Called when partitions go, after their last handler; `lost`: they went already, and nothing can be committed. */
  readonly onRevoked: (partitions: AssignedPartitions, lost: boolean) => void | Promise<void>
  /** Called when a partition is stuck at a message, and (null) when it goes on. */
  readonly onStuck: (stuck: Stuck | null, partition: { topic: string; partition: number }) => void
}

const mebibyte = 1024 * 1024

const retryRules: Rules<RetryOptions> = {
  maxAttempts: integer(5, 1, 2 ** 31),
  initialIntervalMs: durationMs(200),
  multiplier: fraction(2, 1, 1000),
  maxIntervalMs: durationMs(30_000),
  jitter: fraction(0.2, 0, 1),
}

const nothing = () => {}

const consumerRules: Rules<ConsumerOptions> = {
  group: needed(name()),
  topics: needed(names()),
  start: oneOf('earliest', 'earliest', 'latest', 'none'),
  retry: custom(
    'an object of retry options',
    checkOptions('retry', retryRules, {}),
    (value) => typeof value === 'object',
  ),
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
  onAssigned: callback<ConsumerOptions['onAssigned']>(nothing),
  onRevoked: callback<ConsumerOptions['onRevoked']>(nothing),
  onStuck: callback<ConsumerOptions['onStuck']>(nothing),
}

/** Checked, with defaults. Throws OPTION_UNKNOWN or OPTION_WRONG. */
export function consumerOptions(given: object): ConsumerOptions {
  const options = checkOptions('consumer', consumerRules, given)
  const retry = checkOptions('consumer: retry', retryRules, options.retry)
  if (retry.maxIntervalMs < retry.initialIntervalMs) {
    throw new CastellanError('OPTION_WRONG', "consumer: retry: 'maxIntervalMs' must be at least 'initialIntervalMs'")
  }
  return { ...options, retry }
}

export function retryBackoff({ initialIntervalMs, multiplier, maxIntervalMs, jitter }: RetryOptions): Backoff {
  return { initialMs: initialIntervalMs, multiplier, maxMs: maxIntervalMs, jitter }
}
