// Where a partition is read from: what the service says, else what the group committed, else the start that is set; and whether
// the leader's log still has what was read up to there (KIP-320).
import { errors, offsetForLeaderEpoch } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { CastellanError, messageOf } from '../errors.ts'
import { askOffsets, earliest, findOffsets, latest } from '../kafka/offsets.ts'
import { newStop } from '../stop.ts'
import { fetchCommitted, refused } from './committed.ts'
import type { GroupClient } from './group-client.ts'
import { keyOf } from './membership.ts'
import type { ConsumerOptions } from './options.ts'
import type { AssignedPartition, Position } from './partition.ts'
import type { SeekTo } from './types.ts'

const seekTimeoutMs = 30_000

export interface PositionsHooks {
  /** A position was found or checked: fetching may go on. */
  readonly onFound: () => void
  /** These begin at the end of their logs as it was now. */
  readonly onLatest: (partitions: readonly AssignedPartition[]) => void
  readonly onFatal: (error: CastellanError) => void
  /** The coordinator knows a newer epoch of this member. */
  readonly onStale: () => void
}

export class Positions {
  readonly #group: GroupClient
  readonly #options: ConsumerOptions
  readonly #hooks: PositionsHooks
  readonly #stop = newStop()

  constructor(group: GroupClient, options: ConsumerOptions, hooks: PositionsHooks) {
    this.#group = group
    this.#options = options
    this.#hooks = hooks
  }

  close(): void {
    this.#stop.abort(new CastellanError('CLOSED', 'the consumer was closed'))
  }

  /** Finds where these start, as long as they are ours and nobody seeks. Never throws. */
  async start(partitions: readonly AssignedPartition[]): Promise<void> {
    const open = new Set(partitions)
    const generations = new Map(partitions.map((one) => [one, one.generation]))
    await this.#persist('committed offsets', open, generations, async () => {
      const { requestTimeoutMs: timeoutMs } = this.#options
      const { signal } = this.#stop
      const { onStale } = this.#hooks
      const committed = await fetchCommitted(this.#group, [...open], { timeoutMs, signal, onStale })
      const without: AssignedPartition[] = []
      for (const one of open) {
        const position = committed.get(keyOf(one))
        if (position === undefined) continue
        if (one.generation !== generations.get(one)) continue
        open.delete(one)
        if (position.offset < 0) {
          without.push(one)
          continue
        }
        this.#place(one, position)
        one.committed = position.offset
      }
      if (without.length > 0) void this.#reset(without, 'OFFSET_MISSING', 'has no committed offset')
      if (open.size > 0) throw refused(this.#group, errors.COORDINATOR_LOAD_IN_PROGRESS.code, onStale)
    })
  }

  /**
   * The offset that is meant. Throws OFFSET_OUT_OF_RANGE where the partition has no such offset, CLOSED, and what it met when no leader
   * answers in time.
   */
  async find(partition: AssignedPartition, to: SeekTo): Promise<number> {
    if (to === 'earliest') return this.#ask(partition, earliest)
    if (to === 'latest') return this.#ask(partition, latest)
    if (to instanceof Date) {
      const found = await this.#ask(partition, to.getTime())
      return found >= 0 ? found : this.#ask(partition, latest)
    }
    const [first, end] = await Promise.all([this.#ask(partition, earliest), this.#ask(partition, latest)])
    if (to >= first && to <= end) return to
    const text = `${partition.topic}/${partition.partition} has the offsets ${first} to ${end}, not ${to}`
    throw new CastellanError('OFFSET_OUT_OF_RANGE', text)
  }

  async #ask({ topic, topicId, partition }: AssignedPartition, at: number): Promise<number> {
    const options = { timeoutMs: seekTimeoutMs, signal: this.#stop.signal }
    const [found] = await findOffsets(this.#group.client, [{ topic, topicId, partition, at }], options)
    return found!.offset
  }

  /**
   * Its leader says that the offset to fetch does not exist. Below the start of the log it does not any more: the start that is set decides.
   * Beyond the end records were lost (R7, R8): goes on at the end, for to begin anew would repeat everything. Else it was a passing word.
   */
  async outOfRange(partition: AssignedPartition): Promise<void> {
    partition.isLooking = true
    const generations = new Map([[partition, partition.generation]])
    await this.#persist('the ends of the log', new Set([partition]), generations, async (open) => {
      const [first, end] = await this.#ends(partition)
      open.delete(partition)
      if (partition.generation !== generations.get(partition)) return
      const { offset } = partition.position
      if (offset < first.offset) return this.#startAnew(partition)
      partition.isLooking = false
      if (offset > end.offset) this.#truncated(partition, end)
    })
    this.#hooks.onFound()
  }

  async #ends({ topic, topicId, partition }: AssignedPartition): Promise<[first: Position, end: Position]> {
    const options = { timeoutMs: this.#options.requestTimeoutMs, signal: this.#stop.signal }
    // A request may name a partition once.
    const ask = async (at: number): Promise<Position> => {
      const [answer] = await askOffsets(this.#group.client, [{ topic, topicId, partition, at }], options)
      if (answer instanceof CastellanError) throw answer
      return answer!
    }
    return Promise.all([ask(earliest), ask(latest)])
  }

  #startAnew(partition: AssignedPartition): void {
    partition.isLooking = true
    const text = `has no offset ${partition.position.offset} (any more)`
    partition.log.warn(
      { offset: partition.position.offset, start: this.#options.start },
      'the offset to fetch does not exist',
    )
    void this.#reset([partition], 'OFFSET_OUT_OF_RANGE', text)
  }

  /** True: nothing is to be checked at this leader epoch. False: it is being checked, and `onFound` follows. */
  isChecked(partition: AssignedPartition, leaderEpoch: number): boolean {
    const { position } = partition
    if (partition.checkedEpoch === leaderEpoch) return true
    if (position.leaderEpoch < 0 || position.leaderEpoch >= leaderEpoch) {
      partition.checkedEpoch = leaderEpoch
      return true
    }
    partition.isLooking = true
    void this.#check(partition, leaderEpoch)
    return false
  }

  // ------------------------------------------------------------ start that is set

  async #reset(
    partitions: readonly AssignedPartition[],
    code: 'OFFSET_MISSING' | 'OFFSET_OUT_OF_RANGE',
    text: string,
  ): Promise<void> {
    const { start } = this.#options
    if (start === 'none') {
      const [first] = partitions
      return this.#hooks.onFatal(
        new CastellanError(code, `${first!.topic}/${first!.partition} ${text}, and 'start' is 'none'`),
      )
    }
    const at = start === 'earliest' ? earliest : latest
    const open = new Set(partitions)
    const generations = new Map(partitions.map((one) => [one, one.generation]))
    await this.#persist('offsets', open, generations, async () => {
      const asked = [...open]
      const { requestTimeoutMs: timeoutMs } = this.#options
      const queries = asked.map(({ topic, topicId, partition }) => ({ topic, topicId, partition, at }))
      const answers = await askOffsets(this.#group.client, queries, { timeoutMs, signal: this.#stop.signal })
      const placed: AssignedPartition[] = []
      for (const [index, answer] of answers.entries()) {
        const one = asked[index]!
        if (answer instanceof CastellanError) continue
        open.delete(one)
        if (one.generation !== generations.get(one)) continue
        one.log.info({ offset: answer.offset, start }, 'starts where `start` says')
        this.#place(one, { offset: answer.offset, leaderEpoch: answer.leaderEpoch })
        placed.push(one)
      }
      if (start === 'latest' && placed.length > 0) this.#hooks.onLatest(placed)
      const failed = answers.find((answer) => answer instanceof CastellanError)
      if (failed !== undefined) throw failed
    })
  }

  // ------------------------------------------------------------ lost records

  async #check(partition: AssignedPartition, leaderEpoch: number): Promise<void> {
    const generations = new Map([[partition, partition.generation]])
    await this.#persist('the log', new Set([partition]), generations, async (open) => {
      // A newer leader by now: the next look at the partition begins again.
      const leader = this.#group.client.view.leader(partition.topicId, partition.partition)
      const isSame = leader?.leaderEpoch === leaderEpoch
      const end = isSame ? await this.#endOfEpoch(partition, leader.leader, leaderEpoch) : undefined
      open.delete(partition)
      if (partition.generation !== generations.get(partition)) return
      partition.isLooking = false
      if (end === undefined) return
      partition.checkedEpoch = leaderEpoch
      if (end.offset < partition.position.offset) this.#truncated(partition, end)
    })
    this.#hooks.onFound()
  }

  /** Where the epoch of the last message read ends in the leader's log. */
  async #endOfEpoch(partition: AssignedPartition, leader: number, leaderEpoch: number): Promise<Position> {
    const { position, topic, partition: index } = partition
    const asked = { partition: index, currentLeaderEpoch: leaderEpoch, leaderEpoch: position.leaderEpoch }
    const body = { replicaId: -1, topics: [{ topic, partitions: [asked] }] }
    const options = { broker: leader, timeoutMs: this.#options.requestTimeoutMs, signal: this.#stop.signal }
    const answer = await this.#group.client.dispatch(offsetForLeaderEpoch, body, options)
    const found = answer.topics[0]?.partitions[0]
    const errorCode = found?.errorCode ?? errors.UNKNOWN_SERVER_ERROR.code
    if (found === undefined || errorCode !== 0) {
      throw new CastellanError('REFUSED', `OffsetForLeaderEpoch of ${topic}/${index}: ${errorCode}`, {
        retriable: true,
      })
    }
    return { offset: found.endOffset, leaderEpoch: found.leaderEpoch }
  }

  #truncated(partition: AssignedPartition, end: Position): void {
    const { position, done } = partition
    const text = `${partition.topic}/${partition.partition}: the log ends at offset ${end.offset}, ${position.offset} was read`
    if (this.#options.start === 'none') return this.#hooks.onFatal(new CastellanError('LOG_TRUNCATED', text))
    partition.log.error(
      { read: position.offset, end: end.offset },
      'the log lost records that were read; going on at its end',
    )
    // Not known where the logs part: the start that is set decides.
    if (end.offset < 0) return this.#startAnew(partition)
    const { checkedEpoch } = partition
    partition.moveTo(end.offset < done.offset ? end : done)
    partition.checkedEpoch = checkedEpoch
  }

  // ------------------------------------------------------------ inside

  #place(partition: AssignedPartition, position: Position): void {
    partition.moveTo(position)
    this.#hooks.onFound()
  }

  /** Tries until nothing is open, leaving out what is gone or was moved by somebody else meanwhile. */
  async #persist(
    what: string,
    open: Set<AssignedPartition>,
    generations: ReadonlyMap<AssignedPartition, number>,
    attempt: (open: Set<AssignedPartition>) => Promise<void>,
  ): Promise<void> {
    const { clock, random } = this.#group.client.runtime
    const { signal } = this.#stop
    for (let failures = 1; ; failures++) {
      for (const one of [...open]) {
        if (one.state === 'gone' || one.generation !== generations.get(one)) open.delete(one)
      }
      if (open.size === 0 || signal.aborted) return
      try {
        await attempt(open)
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof CastellanError) || !error.retriable) return this.#hooks.onFatal(asCastellanError(error))
        const log = failures % 10 === 0 ? this.#group.client.log.warn : this.#group.client.log.debug
        log.call(
          this.#group.client.log,
          { group: this.#group.group, error: messageOf(error), failures },
          `cannot ask for ${what} yet`,
        )
        this.#group.client.metadata.refresh()
        await sleep(clock, backoffMs(requestBackoff, failures, random), signal).catch(() => {}) // aborted: seen above
      }
    }
  }
}

function asCastellanError(error: unknown): CastellanError {
  if (error instanceof CastellanError) return error
  return new CastellanError('PROTOCOL_BROKEN', messageOf(error), { cause: error, retriable: false })
}
