// Who follows whom: partitions come by the roles that Castle gave them, and go to the fetcher of their leader's broker.
import { SlabPool } from '@castellan/protocol'
import { type Clock, Complaints, type Logger, type Runtime } from '@castellan/protocol/runtime'
import type { BrokerAddress, Metadata } from '../castle/metadata.ts'
import type { Partition, Partitions } from '../partition/index.ts'
import { Fetcher } from './fetcher.ts'
import type { FetcherCounters, FetcherOptions } from './fetcher-options.ts'

export interface FetchersOptions {
  readonly brokerId: number
  readonly brokerEpoch: () => number
  readonly partitions: Partitions
  readonly metadata: Metadata
  readonly log: Logger
  readonly release: string
  /** For tests and the simulator: overwrites the memory of answers when it is given back. */
  readonly poison?: boolean
}

const KiB = 1024

/** By then Castle has said who leads instead, or that broker's death cannot be told from a broken way. */
export const doubtMs = 1_000

/** As long as Kafka's own brokers name one that died: its session. */
export const goneMs = 9_000

export class Fetchers {
  readonly #options: FetchersOptions
  readonly #fetcherOptions: FetcherOptions
  readonly #fetchers = new Map<number, Fetcher>()
  /** Whom each follows, as its fetcher was told. */
  readonly #followed = new Map<Partition, NonNullable<Partition['followed']>>()
  readonly #addresses = new Map<number, BrokerAddress | undefined>()
  /** Leaders whose process went away: where they were, and when that was. */
  readonly #gone = new Map<number, { readonly address: BrokerAddress; readonly sinceMs: number }>()
  readonly #clock: Clock
  readonly #stops: (() => void)[]
  readonly counters: FetcherCounters = { fetches: 0, fetchedBytes: 0, staleAnswers: 0, failures: 0 }

  constructor(runtime: Runtime, options: FetchersOptions) {
    this.#options = options
    this.#clock = runtime.clock
    const { brokerId, brokerEpoch, log, release, poison = false } = options
    this.#fetcherOptions = {
      runtime,
      log,
      complaints: new Complaints(runtime.clock, log),
      pool: new SlabPool({ slabBytes: 256 * KiB, keepBytesMax: 32 * 1024 * KiB, poison }),
      release,
      brokerId,
      brokerEpoch,
      counters: this.counters,
    }
    this.#stops = [
      options.partitions.onLeadership((partition) => this.#follow(partition)),
      options.metadata.onChange(() => this.#locate()),
    ]
  }

  /** Leaders that this broker follows. */
  get leaders(): number {
    return this.#fetchers.size
  }

  /** Partitions that follow. */
  get following(): number {
    return this.#followed.size
  }

  /** Brokers that could be followed until a moment ago: Castle is about to say who leads in their place. Mostly there are none. */
  leadersInDoubt(): Set<number> {
    const inDoubt = new Set<number>()
    for (const { leader, lostForMs } of this.#fetchers.values()) {
      if (lostForMs !== null && lostForMs < doubtMs) inDoubt.add(leader)
    }
    return inDoubt
  }

  /**
   * Leaders whose process went away a moment ago, as this broker saw on its own link: Castle does not count them any more. One that hangs
   * or is cut off is none: its link is not broken.
   */
  gone(): BrokerAddress[] {
    const gone: BrokerAddress[] = []
    for (const [id, { address, sinceMs }] of this.#gone) {
      if (this.#clock.nowMs() - sinceMs >= goneMs) this.#gone.delete(id)
      else if (this.#options.metadata.broker(id) === undefined) gone.push(address)
    }
    return gone
  }

  close(): void {
    for (const stop of this.#stops) stop()
    for (const fetcher of this.#fetchers.values()) fetcher.close()
    this.#fetchers.clear()
    this.#followed.clear()
  }

  #follow(partition: Partition): void {
    const before = this.#followed.get(partition)
    const { topicId, index } = partition
    const isKept = this.#options.partitions.get(topicId, index) === partition
    const after = isKept ? partition.followed : null
    if (before === (after ?? undefined)) return
    if (before !== undefined && before.leader !== after?.leader) this.#unfollow(partition, before.leader)
    if (after === null) return
    this.#followed.set(partition, after)
    this.#fetcher(after.leader).follow(partition)
  }

  #unfollow(partition: Partition, leader: number): void {
    this.#followed.delete(partition)
    const fetcher = this.#fetchers.get(leader)
    fetcher?.unfollow(partition)
    if (fetcher?.size !== 0) return
    this.#noteGone(fetcher)
    fetcher.close()
    this.#fetchers.delete(leader)
    this.#addresses.delete(leader)
  }

  #fetcher(leader: number): Fetcher {
    const known = this.#fetchers.get(leader)
    if (known !== undefined) return known
    const fetcher = new Fetcher(leader, this.#fetcherOptions)
    this.#fetchers.set(leader, fetcher)
    this.#locateOne(fetcher)
    return fetcher
  }

  #locate(): void {
    for (const fetcher of this.#fetchers.values()) this.#locateOne(fetcher)
  }

  #locateOne(fetcher: Fetcher): void {
    const before = this.#addresses.get(fetcher.leader)
    const address = this.#options.metadata.broker(fetcher.leader)
    const isSame =
      before?.host === address?.host && before?.port === address?.port && before?.brokerEpoch === address?.brokerEpoch
    if (address === undefined) this.#noteGone(fetcher)
    this.#addresses.set(fetcher.leader, address)
    if (!isSame) fetcher.setAddress(address)
  }
  #noteGone({ leader, lostForMs }: Fetcher): void {
    const address = this.#addresses.get(leader)
    if (lostForMs !== null && address !== undefined) this.#gone.set(leader, { address, sinceMs: this.#clock.nowMs() })
  }
}
