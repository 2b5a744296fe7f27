// The consumer as services see it: a member of a group whose partitions it handles side by side, each in order.
//
//   Member (heartbeat) ─> Assignment ─> Positions ─> Fetcher ─> Worker (handler) ─> Commits

import { uuid } from '@castellan/protocol/runtime'
import { type CloseOptions, closeTimeoutMs } from '../close-options.ts'
import { CastellanError } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { Message } from '../kafka/message.ts'
import { Assignment } from './assignment.ts'
import { AutoCommit } from './auto-commit.ts'
import { checkCommit, checkEventName, checkFunction, isMessage } from './checks.ts'
import { Commits, commitsAsked } from './commits.ts'
import { Control } from './control.ts'
import { type ConsumerEvent, Events, type Listener } from './events.ts'
import { Fetcher } from './fetcher.ts'
import { GroupClient } from './group-client.ts'
import { Leaders } from './leaders.ts'
import { Lifetime } from './lifetime.ts'
import { loop } from './loop.ts'
import { Member } from './member.ts'
import { byTopic } from './membership.ts'
import { batchMode, messageMode } from './modes.ts'
import { type ConsumerOptions, decodersOf, topicNames } from './options.ts'
import type { AssignedPartition } from './partition.ts'
import { Positions } from './positions.ts'
import type { Pull } from './pull.ts'
import type {
  AssignedPartitions,
  BatchHandler,
  CommitOffset,
  Handler,
  HandlerContext,
  MessagePosition,
  PartitionName,
  SeekTo,
  Stuck,
} from './types.ts'
import { type StartWorker, Workers } from './workers.ts'

export interface ConsumerHooks {
  readonly onStarted?: () => void
  /** Membership, assignment, or what is stuck changed. */
  readonly onChange?: () => void
  readonly onFailed?: (error: CastellanError) => void
  readonly onClosed?: () => void
}

const commitTimeoutMs = 30_000

/** `M` is what handlers get: as the topics say, or a plain Message. */
export class Consumer<M = Message> {
  /** Resolves when the group has taken this member in; rejects with the error that ended it before. */
  readonly ready: Promise<void>
  readonly #lifetime = new Lifetime()
  readonly #client: KafkaClient
  readonly #options: ConsumerOptions
  readonly #hooks: ConsumerHooks
  readonly #events: Events
  readonly #control: Control
  readonly #group: GroupClient
  readonly #member: Member
  readonly #assignment: Assignment
  readonly #positions: Positions
  readonly #fetcher: Fetcher
  readonly #leaders: Leaders
  readonly #workers: Workers
  readonly #commits: Commits
  /** Null: commits are made by hand. */
  readonly #autoCommit: AutoCommit | null
  #startWorker: StartWorker | null = null
  /** Of a loop. */
  #pull: Pull | null = null
  #isSessionOver = false
  #reportedEpoch = 0
  #closing: Promise<void> | null = null

  /** @internal `castellan.consumer` makes it. */
  constructor(client: KafkaClient, options: ConsumerOptions, hooks: ConsumerHooks = {}) {
    this.ready = this.#lifetime.ready
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#events = new Events(client.log)
    this.#group = new GroupClient(client, options.group, uuid(client.runtime.random))
    const onStale = () => this.#member.changed()
    const onFatal = (error: CastellanError) => this.#fail(error)
    this.#commits = new Commits(this.#group, options.requestTimeoutMs, onStale)
    this.#positions = new Positions(this.#group, options, {
      onFound: () => this.#fetcher.wake(),
      // At once: whoever takes over before the first commit would begin at a later end, and leave out what came between.
      onLatest: (partitions) => void this.#autoCommit?.commit(partitions, commitTimeoutMs),
      onFatal,
      onStale,
    })
    this.#assignment = new Assignment(client, options, this.#events, {
      onMade: (partition) => this.#control.made(partition),
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
    this.#control = new Control(this.#assignment, this.#positions, () => this.#fetcher.wake())
    this.#leaders = new Leaders(client.view, this.#events, held)
    this.#workers = new Workers(client.runtime, this.#group.session, this.#events, options, {
      onRoom: () => this.#fetcher.wake(),
      onStuck: () => this.#hooks.onChange?.(),
    })
    this.#member = new Member(this.#group, options, {
      onTarget: (target) => this.#assignment.setTarget(target, this.#group.memberEpoch),
      onLost: (reason) => this.#assignment.lost(reason),
      onSessionOver: () => this.#sessionOver(),
      onRenewed: () => this.#renewed(),
      onFatal,
      claimed: () => this.#assignment.claimed,
    })
  }

  /**
   * Joins the group and hands each message to `handler`: in order within a partition (with `concurrency`, within a key), side by side across
   * partitions. A handler that throws is a failed attempt: the message is tried again with back-off, and what comes after it waits.
   * Resolves when the consumer has been closed. Throws ALREADY_RUNNING, CLOSED, and what ended it: GROUP_REFUSED, OFFSET_MISSING,
   * OFFSET_OUT_OF_RANGE, LOG_TRUNCATED, VERSION_UNSUPPORTED, REFUSED.
   */
  async run(handler: Handler<M>): Promise<void> {
    checkFunction('the handler', handler)
    return this.#run(this.#workers.forMessages(messageMode(handler, decodersOf(this.#options))))
  }

  /**
   * Like `run`, with all messages of a partition that are at hand, up to `batchMessagesMax`. A failed attempt repeats all of them.
   * Throws CONCURRENCY_UNSUPPORTED, too: a batch is handled as one.
   */
  async runBatches(handler: BatchHandler<M>): Promise<void> {
    checkFunction('the handler', handler)
    this.#refuseConcurrency('runBatches')
    const mode = batchMode(handler, this.#options.batchMessagesMax, decodersOf(this.#options))
    return this.#run(this.#workers.oneByOne(mode))
  }

  /**
   * `for await (const message of consumer)`: joins the group and gives messages one by one; partitions take turns. A message is done when
   * the next one is asked for. Leaving the loop in any way (break, return, an error) closes the consumer and leaves the last message not
   * done, unless it was committed: `await consumer.commit(message)`. The loop ends when the consumer is closed.
   * Throws what `run` throws, and CONCURRENCY_UNSUPPORTED.
   */
  [Symbol.asyncIterator](): AsyncGenerator<M, void, void> {
    this.#refuseConcurrency('for await')
    return loop<M>(this.#client.runtime.clock, {
      start: (pull) => this.#run(this.#workers.oneByOne(pull.mode(decodersOf(this.#options)), pull), pull),
      isMine: (pull) => this.#pull === pull,
      close: () => this.close(),
    })
  }

  /** What a handler would get beside this message, which a loop has in hand: signal, epoch, log. Throws NOT_ASSIGNED. */
  contextOf(message: M): HandlerContext {
    const context = this.#pull?.contextOf(message)
    if (context !== undefined) return context
    throw new CastellanError('NOT_ASSIGNED', 'contextOf: this is not the message that a loop has in hand')
  }

  /**
   * Calls `listener` at each such event; what it throws is logged and harms nothing. Returns how to stop. See ConsumerEvents.
   * Throws OPTION_WRONG.
   */
  on<Name extends ConsumerEvent>(name: Name, listener: Listener<Name>): () => void {
    checkEventName(name)
    checkFunction('the listener', listener)
    return this.#events.on(name, listener)
  }

  /**
   * Commits: all that is done; or up to and with a message (also in its own handler); or the offsets given, each of the next message to
   * handle. Resolves when the coordinator has written it. Throws OPTION_WRONG, NOT_ASSIGNED, COMMIT_REFUSED (the partition is another's), REFUSED, and
   * CONCURRENCY_UNSUPPORTED for a message: others before it may not be done.
   */
  async commit(what?: MessagePosition | readonly CommitOffset[]): Promise<void> {
    if (what === undefined) return this.#commits.commit(() => this.#commits.due(this.#assignment.held), commitTimeoutMs)
    checkCommit(what)
    if (isMessage(what)) this.#refuseConcurrency('commit of a message')
    await this.#commits.commit(commitsAsked(what, this.#assignment), commitTimeoutMs)
  }

  /**
   * Goes on at another offset, the first, the end, or a time; resolves with the offset. What was fetched is dropped; meanwhile nothing is
   * handed out. It holds until the partition goes to another member: commit it, or seek at each `assigned`.
   * Throws OPTION_WRONG, NOT_ASSIGNED, and OFFSET_OUT_OF_RANGE: then it goes on where it was.
   */
  seek(topic: string, partition: number, to: SeekTo): Promise<number> {
    return this.#control.seek({ topic, partition }, to)
  }

  /**
   * Starts no further handler for these partitions until `resume`, also when they go and come back. None given: for all, those that come
   * later included. Throws NOT_ASSIGNED.
   */
  pause(partitions?: readonly PartitionName[]): void {
    this.#control.pause(partitions)
  }

  /** Ends a pause; what waits for its next attempt, or is stuck, is tried at once. Throws NOT_ASSIGNED. */
  resume(partitions?: readonly PartitionName[]): void {
    this.#control.resume(partitions)
  }

  /** Partitions held now, and the next offset of each that is not done. */
  get assignment(): (AssignedPartitions[number] & { readonly offset: number; readonly isPaused: boolean })[] {
    return this.#assignment.held.map(({ topic, topicId, partition, assignmentEpoch, done, isPaused }) => ({
      topic,
      topicId,
      partition,
      assignmentEpoch,
      offset: done.offset,
      isPaused,
    }))
  }

  /** Messages that stop their partitions, or their keys. */
  get stuck(): Stuck[] {
    return this.#assignment.held.flatMap(({ stuck }) => [...stuck.values()])
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
   * that others take over at once. Throws nothing but OPTION_UNKNOWN, OPTION_WRONG.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const timeoutMs = closeTimeoutMs(options)
    this.#closing ??= this.#close(timeoutMs)
    await this.#closing
  }

  // ------------------------------------------------------------ running

  #run(startWorker: StartWorker, pull: Pull | null = null): Promise<void> {
    if (this.#closing !== null) return Promise.reject(new CastellanError('CLOSED', 'the consumer was closed'))
    if (this.#startWorker !== null)
      return Promise.reject(new CastellanError('ALREADY_RUNNING', 'the consumer runs already'))
    this.#startWorker = startWorker
    this.#pull = pull
    for (const topic of topicNames(this.#options)) this.#client.metadata.use(topic)
    this.#member.start()
    this.#autoCommit?.start()
    this.#hooks.onStarted?.()
    return this.#lifetime.stopped
  }

  #start(partitions: readonly AssignedPartition[]): void {
    for (const partition of partitions) if (partition.state !== 'gone') this.#startWorker?.(partition)
    const open = partitions.filter((one) => one.state === 'starting')
    if (open.length > 0) void this.#positions.start(open)
    this.#leaders.look()
    this.#fetcher.wake()
  }

  #renewed(): void {
    this.#lifetime.joined()
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

  // ------------------------------------------------------------ ending

  #fail(error: CastellanError): void {
    if (this.#closing !== null || !this.#lifetime.fail(error)) return
    this.#client.log.error(
      { group: this.#group.group, code: error.code, error: error.message, next: error.next },
      'the consumer ends',
    )
    this.#hooks.onFailed?.(error)
    void this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#autoCommit?.stop()
    this.#fetcher.close()
    this.#pull?.close()
    await this.#assignment.close(timeoutMs)
    await this.#member.leave()
    this.#leaders.close()
    this.#positions.close()
    this.#commits.close()
    this.#group.close()
    this.#hooks.onClosed?.()
    this.#lifetime.ended()
  }

  // ------------------------------------------------------------ inside

  #refuseConcurrency(what: string): void {
    const { concurrency } = this.#options
    if (concurrency === 1) return
    throw new CastellanError('CONCURRENCY_UNSUPPORTED', `${what} does not go together with concurrency ${concurrency}`)
  }
}
