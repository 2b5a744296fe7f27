// The consumer as services see it: a member of a group whose partitions it handles side by side, each in order.
//
//   Member (heartbeat) ─> Assignment ─> Positions ─> Fetcher ─> Worker (handler) ─> Commits

import { uuid } from '@castellan/protocol/runtime'
import { CastellanError, messageOf } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { Message } from '../kafka/message.ts'
import { Assignment, type PartitionName } from './assignment.ts'
import { AutoCommit } from './auto-commit.ts'
import { type Commit, Commits } from './commits.ts'
import { Fetcher } from './fetcher.ts'
import { GroupClient } from './group-client.ts'
import { Member } from './member.ts'
import { byTopic } from './membership.ts'
import { type ConsumerOptions, retryBackoff } from './options.ts'
import type { AssignedPartition } from './partition.ts'
import { Positions } from './positions.ts'
import type { BatchHandler, CommitOffset, Handler, Stuck } from './types.ts'
import { batchMode, type Mode, messageMode, Worker } from './worker.ts'

export interface ConsumerHooks {
  readonly onStarted?: () => void
  /** Membership or assignment changed. */
  readonly onChange?: () => void
  readonly onStuck?: (stuck: Stuck | null, partition: { topic: string; partition: number }) => void
  readonly onFailed?: (error: CastellanError) => void
  readonly onClosed?: () => void
}

interface Settle {
  resolve(): void
  reject(error: CastellanError): void
}

const closeTimeoutMs = 10_000
const commitTimeoutMs = 30_000

export class Consumer {
  /** Resolves when the group has taken this member in; rejects with the error that ended it before. */
  readonly ready: Promise<void>
  readonly #client: KafkaClient
  readonly #options: ConsumerOptions
  readonly #hooks: ConsumerHooks
  readonly #group: GroupClient
  readonly #member: Member
  readonly #assignment: Assignment
  readonly #positions: Positions
  readonly #fetcher: Fetcher
  readonly #commits: Commits
  /** Null: commits are made by hand. */
  readonly #autoCommit: AutoCommit | null
  #startWorker: ((partition: AssignedPartition) => void) | null = null
  #settleReady!: Settle
  readonly #stopped: Promise<void>
  #settleStopped!: Settle
  #isSessionOver = false
  #reportedEpoch = 0
  #failure: CastellanError | null = null
  #closing: Promise<void> | null = null

  /** @internal `castellan.consumer` makes it. */
  constructor(client: KafkaClient, options: ConsumerOptions, hooks: ConsumerHooks = {}) {
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#group = new GroupClient(client, options.group, uuid(client.runtime.random))
    const onStale = () => this.#member.changed()
    const onFatal = (error: CastellanError) => this.#fail(error)
    this.#commits = new Commits(this.#group, options.requestTimeoutMs, onStale)
    this.#positions = new Positions(this.#group, options, { onFound: () => this.#fetcher.wake(), onFatal, onStale })
    this.#assignment = new Assignment(client, options, {
      onStart: (partitions) => this.#start(partitions),
      onStopped: async (partitions, timeoutMs) => this.#autoCommit?.commit(partitions, timeoutMs),
      onChange: () => this.#changed(),
    })
    const { autoCommit, autoCommitIntervalMs } = options
    const held = () => this.#assignment.held
    this.#autoCommit = autoCommit ? new AutoCommit(this.#group, this.#commits, autoCommitIntervalMs, held) : null
    this.#fetcher = new Fetcher(client, options, {
      partitions: held,
      isChecked: (partition, leaderEpoch) => this.#positions.isChecked(partition, leaderEpoch),
      onOutOfRange: (partition) => this.#positions.outOfRange(partition),
      onFatal,
    })
    this.#member = new Member(this.#group, options, {
      onTarget: (target) => this.#assignment.setTarget(target, this.#group.memberEpoch),
      onLost: (reason) => this.#assignment.lost(reason),
      onSessionOver: () => this.#sessionOver(),
      onRenewed: () => this.#renewed(),
      onFatal,
      claimed: () => this.#assignment.claimed,
    })
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    this.#stopped = new Promise((resolve, reject) => {
      this.#settleStopped = { resolve, reject }
    })
    // Nobody has to look at these; the error is in the log, and `run` rejects with it.
    for (const promise of [this.ready, this.#stopped]) promise.catch(() => {})
  }

  /**
   * Joins the group and hands each message to `handler`: in order within a partition, side by side across partitions. A handler that
   * throws is a failed attempt: the message is tried again with back-off and its partition waits.
   * Resolves when the consumer has been closed. Throws ALREADY_RUNNING, CLOSED, and what ended it: GROUP_REFUSED, OFFSET_MISSING,
   * OFFSET_OUT_OF_RANGE, LOG_TRUNCATED, VERSION_UNSUPPORTED, REFUSED.
   */
  async run(handler: Handler): Promise<void> {
    checkHandler(handler)
    return this.#run(messageMode(handler))
  }

  /** Like `run`, with all messages of a partition that are at hand, up to `batchMessagesMax`. A failed attempt repeats all of them. */
  async runBatches(handler: BatchHandler): Promise<void> {
    checkHandler(handler)
    return this.#run(batchMode(handler, this.#options.batchMessagesMax))
  }

  /**
   * Commits: all that is done; or up to and with a message (also in its own handler); or the offsets given, each of the next message to
   * handle. Resolves when the coordinator has written it. Throws NOT_ASSIGNED, COMMIT_REFUSED (the partition is another's), REFUSED.
   */
  async commit(what?: Message | readonly CommitOffset[]): Promise<void> {
    await this.#commits.commit(this.#commitsOf(what), commitTimeoutMs)
  }

  /** The next message to handle in a partition; what was fetched is dropped. Throws NOT_ASSIGNED. */
  seek(topic: string, partition: number, offset: number): void {
    this.#assignment.get({ topic, partition }).moveTo({ offset, leaderEpoch: -1 })
    this.#fetcher.wake()
  }

  /** Starts no further handler for these partitions (default: all it holds now) until `resume`. Throws NOT_ASSIGNED. */
  pause(partitions?: readonly PartitionName[]): void {
    for (const one of this.#choose(partitions)) one.isPaused = true
  }

  /** Throws NOT_ASSIGNED. */
  resume(partitions?: readonly PartitionName[]): void {
    for (const one of this.#choose(partitions)) {
      one.isPaused = false
      one.wake()
    }
    this.#fetcher.wake()
  }

  /** Partitions held now, and the next offset of each that is not done. */
  get assignment(): (PartitionName & { topicId: string; assignmentEpoch: number; offset: number })[] {
    return this.#assignment.held.map(({ topic, topicId, partition, assignmentEpoch, done }) => ({
      topic,
      topicId,
      partition,
      assignmentEpoch,
      offset: done.offset,
    }))
  }

  /** Messages that stop their partitions. */
  get stuck(): Stuck[] {
    return this.#assignment.held.flatMap(({ stuck }) => stuck ?? [])
  }

  get memberId(): string {
    return this.#group.memberId
  }

  /** @internal As Castle is told. */
  report() {
    const { group, memberId, memberEpoch } = this.#group
    return { group, memberId, memberEpoch, assigned: byTopic(this.#assignment.held) }
  }

  /** Castle says that the coordinator has news for this group. */
  coordinatorChanged(): void {
    this.#member.changed()
  }

  /**
   * Stops fetching, lets handlers finish for `timeoutMs`, then aborts them; commits what is done (unless by hand) and leaves the group, so
   * that others take over at once. Never throws.
   */
  close(options: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? closeTimeoutMs)
    return this.#closing
  }

  // ------------------------------------------------------------ running

  #run<T>(mode: Mode<T>): Promise<void> {
    if (this.#closing !== null) return Promise.reject(new CastellanError('CLOSED', 'the consumer was closed'))
    if (this.#startWorker !== null)
      return Promise.reject(new CastellanError('ALREADY_RUNNING', 'the consumer runs already'))
    const { retry, topics } = this.#options
    const options = {
      runtime: this.#client.runtime,
      backoff: retryBackoff(retry),
      maxAttempts: retry.maxAttempts,
      session: this.#group.session,
      onRoom: () => this.#fetcher.wake(),
      onStuck: (partition: AssignedPartition) => this.#stuckAt(partition),
    }
    this.#startWorker = (partition) => {
      partition.worker = new Worker(partition, mode, options).run()
    }
    for (const topic of topics) this.#client.metadata.use(topic)
    this.#member.start()
    this.#autoCommit?.start()
    this.#hooks.onStarted?.()
    return this.#stopped
  }

  #start(partitions: readonly AssignedPartition[]): void {
    for (const partition of partitions) if (partition.state !== 'gone') this.#startWorker?.(partition)
    const open = partitions.filter((one) => one.state === 'starting')
    if (open.length > 0) void this.#positions.start(open)
    this.#fetcher.wake()
  }

  #renewed(): void {
    this.#settleReady.resolve()
    if (this.#isSessionOver)
      this.#client.log.info({ group: this.#group.group }, 'the session goes on, and so do handlers')
    this.#isSessionOver = false
    for (const partition of this.#assignment.held) partition.renew()
    if (this.#reportedEpoch === this.#group.memberEpoch) return
    this.#reportedEpoch = this.#group.memberEpoch
    this.#hooks.onChange?.()
  }

  #sessionOver(): void {
    this.#isSessionOver = true
    const { group } = this.#group
    this.#client.log.warn({ group }, 'the session ran out without an answer of the coordinator: no handler starts')
    for (const partition of this.#assignment.held) partition.abort('may be lost: the session ran out')
  }

  #changed(): void {
    this.#member.changed()
    this.#hooks.onChange?.()
  }

  #stuckAt({ topic, partition, stuck }: AssignedPartition): void {
    this.#hooks.onStuck?.(stuck, { topic, partition })
    try {
      this.#options.onStuck(stuck, { topic, partition })
    } catch (error) {
      this.#client.log.error({ error: messageOf(error) }, 'onStuck failed')
    }
  }

  // ------------------------------------------------------------ committing

  #commitsOf(what: Message | readonly CommitOffset[] | undefined): Commit[] {
    if (what === undefined) return this.#commits.due(this.#assignment.held)
    if (what instanceof Message) {
      const position = { offset: what.offset + 1, leaderEpoch: what.leaderEpoch }
      return [{ partition: this.#assignment.getHeld(what), position, metadata: '' }]
    }
    return what.map(({ topic, partition, offset, metadata = '' }) => ({
      partition: this.#assignment.getHeld({ topic, partition }),
      position: { offset, leaderEpoch: -1 },
      metadata,
    }))
  }

  // ------------------------------------------------------------ ending

  #fail(error: CastellanError): void {
    if (this.#failure !== null || this.#closing !== null) return
    this.#failure = error
    this.#client.log.error(
      { group: this.#group.group, code: error.code, error: error.message, next: error.next },
      'the consumer ends',
    )
    this.#hooks.onFailed?.(error)
    this.#settleReady.reject(error)
    void this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#autoCommit?.stop()
    this.#fetcher.close()
    await this.#assignment.close(timeoutMs)
    await this.#member.leave()
    this.#positions.close()
    this.#commits.close()
    this.#group.close()
    this.#settleReady.reject(new CastellanError('CLOSED', 'the consumer was closed'))
    this.#hooks.onClosed?.()
    if (this.#failure === null) this.#settleStopped.resolve()
    else this.#settleStopped.reject(this.#failure)
  }

  #choose(partitions: readonly PartitionName[] | undefined): readonly AssignedPartition[] {
    return partitions === undefined ? this.#assignment.held : partitions.map((one) => this.#assignment.get(one))
  }
}

function checkHandler(handler: unknown): void {
  if (typeof handler === 'function') return
  throw new CastellanError('OPTION_WRONG', `consumer: the handler must be a function, not ${String(handler)}`)
}
