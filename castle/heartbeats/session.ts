// What Castle remembers of one sender: its link, its last report, and whether it may lack something. In memory only; a
// sender that Castle does not know is asked for its whole report, once.
import type { BrokerReport, Call, ClientReport, Result } from '@castellan/protocol/heartbeat'
import type { Link } from '@castellan/protocol/runtime'
import type { Incarnations } from '../leases/incarnations.ts'
import { Directives } from './directives.ts'

/** Subject key -> the version that a sender said it has applied. */
export type Holds = ClientReport['holds']

const resultsMax = 1_000

export class Session implements Incarnations {
  readonly kind: 'broker' | 'client'
  readonly id: string
  readonly incarnation: string
  readonly retired: readonly string[]
  link: Link | undefined
  /** The last that was taken, and its number. */
  report: BrokerReport | ClientReport
  reportNumber: number
  /** Of its newest heartbeat. */
  seq = -1
  /** The cluster that it belongs to or was given; undefined: there is none yet. */
  cluster: string | undefined
  /** Of a broker that is registered; 0 for clients. */
  brokerEpoch = 0
  /** The highest that its process says it was given: a store that went back in time knows an older one (R14). */
  brokerEpochHeld = 0
  /** Last heard, on the attended time of leases and, for people, on the wall clock. */
  heardMs = 0
  heardWallMs = 0
  /** It may hold something other than it should: the next answer looks closely. */
  dirty = true
  /** Since when, on the monotonic clock. */
  dirtySinceMs = 0
  /** Of a client: when its first report came, on the monotonic clock. */
  arrivedMs: number | undefined
  /** Topic id -> the version that it confirmed last, and how long after its commit (topics/pickups.ts). */
  confirmed: Map<string, { readonly version: number; readonly appliedMs: number }> | undefined
  /** Topic names of its report that do not exist, as of the last close look. */
  missing: readonly string[] = []
  /** Keys of subjects that it is to send, as of its last answer (R14). */
  wanted: readonly string[] = []
  /** Where it stands in the index of who is interested in what. */
  interests: readonly string[] = []
  readonly directives = new Directives()
  /** Of its recent calls, by id. */
  readonly #results = new Map<number, Promise<Result>>()

  constructor(
    kind: 'broker' | 'client',
    id: string,
    incarnation: string,
    retired: readonly string[],
    report: BrokerReport | ClientReport,
  ) {
    this.kind = kind
    this.id = id
    this.incarnation = incarnation
    this.retired = retired
    this.report = report
    this.reportNumber = -1
  }

  /** Something changed that it may lack. */
  soil(nowMs: number): void {
    if (!this.dirty) this.dirtySinceMs = nowMs
    this.dirty = true
  }

  /** What `make` gives; of a call that comes again, over a new link, what it gave. */
  resultOf({ id, method }: Call, make: () => Promise<Result>): Promise<Result> {
    const known = this.#results.get(id)
    if (known !== undefined) return known
    const result = make()
    // Compared and set: made again they do no harm, and their results, which are long, need not be kept.
    if (method === 'alterIsr' || method === 'handOver') return result
    this.#results.set(id, result)
    const [oldest] = this.#results.keys()
    if (this.#results.size > resultsMax && oldest !== undefined) this.#results.delete(oldest)
    return result
  }
}
