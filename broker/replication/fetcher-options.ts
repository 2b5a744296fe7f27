// What fetchers are given: one set for all of a broker's.
import type { SlabPool } from '@castellan/protocol'
import type { Complaints, Logger, Runtime } from '@castellan/protocol/runtime'

export interface FetcherOptions {
  readonly runtime: Runtime
  readonly log: Logger
  readonly complaints: Complaints
  /** For answers, of all fetchers. */
  readonly pool: SlabPool
  readonly release: string
  /** This broker's id, and its newest broker epoch (KIP-903). */
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly counters: FetcherCounters
}

/** Of all fetchers, since the start. */
export interface FetcherCounters {
  fetches: number
  fetchedBytes: number
  /** Answers that came for partitions that had moved on. */
  staleAnswers: number
  /** Connections lost, answers that were none, and refusals of a whole request. */
  failures: number
}
