// The partitions that a consumer holds, from the coordinator's word to the end of the last handler.
//
//   target ─> add: start offsets, position, worker                   ─> held
//          ─> revoke: stop, finish or abandon, commit, listeners     ─> given up (the next heartbeat no longer names it)
//
// A partition counts as held until it is given up. A topic id that is not known by name yet waits for metadata.
import type { Timer } from '@castellan/protocol/runtime'
import { sleep } from '@castellan/protocol/runtime'
import { type Backoff, backoffMs } from '../backoff.ts'
import { CastellanError, messageOf } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'
import { newStop } from '../stop.ts'
import type { Events } from './events.ts'
import type { Target } from './member.ts'
import { keyOf, reconcile, type TopicPartition } from './membership.ts'
import type { ConsumerOptions } from './options.ts'
import { AssignedPartition } from './partition.ts'
import type { PartitionName } from './types.ts'

export interface AssignmentHooks {
  /** One was made, which nobody knows yet. */
  readonly onMade: (partition: AssignedPartition) => void
  /** Finds where they start, and reads them. */
  readonly onStart: (partitions: readonly AssignedPartition[]) => void
  /** Commits what is done; never throws. */
  readonly onStopped: (partitions: readonly AssignedPartition[], timeoutMs: number) => Promise<void>
  /** What is held changed: the coordinator should hear of it. */
  readonly onChange: () => void
}

/** How long an aborted handler may take to notice; and the last commit of a partition, and again listeners of `revoked`. */
const abandonMs = 5_000
const commitMs = 10_000
/** The same when the consumer closes and its time is over: less where that was short, so that what is done is committed within it. */
const hasty = { abandonMs: 1_000, commitMs: 1_000 }
const hastyAbandonMs = (timeoutMs: number) => Math.min(hasty.abandonMs, Math.max(100, timeoutMs / 4))
/** Closing says whom it waits for. */
const waitingSaidMs = 1_000
const hookBackoff: Backoff = { initialMs: 200, multiplier: 2, maxMs: 10_000, jitter: 0.2 }

export class Assignment {
  readonly #client: KafkaClient
  readonly #options: ConsumerOptions
  readonly #hooks: AssignmentHooks
  readonly #events: Events
  readonly #held = new Map<string, AssignedPartition>()
  /** Workers of partitions that are not ours any more, until their handlers have ended. */
  readonly #ending = new Set<Promise<void>>()
  /** Partitions on their way out. */
  readonly #leaving = new Set<Promise<void>>()
  readonly #stopWatching: () => void
  #target: Target = []
  #epoch = 0
  readonly #stop = newStop()

  constructor(client: KafkaClient, options: ConsumerOptions, events: Events, hooks: AssignmentHooks) {
    this.#events = events
    this.#client = client
    this.#options = options
    this.#hooks = hooks
    this.#stopWatching = client.view.onChange(() => this.#apply())
  }

  get held(): readonly AssignedPartition[] {
    return [...this.#held.values()]
  }

  /** What the coordinator must count as ours: all that it told us to take and that we have not given up, begun or not. */
  get claimed(): readonly TopicPartition[] {
    return [...this.#held.values(), ...reconcile(this.held, this.#target).add]
  }

  /** Throws NOT_ASSIGNED where it is not held, or on its way out. */
  get(name: PartitionName): AssignedPartition {
    const found = this.getHeld(name)
    if (found.isActive || found.state === 'starting') return found
    throw new CastellanError('NOT_ASSIGNED', `${nameOf(name)} is being given up`)
  }

  /** Also what is on its way out: a handler that finishes may commit. Throws NOT_ASSIGNED. */
  getHeld(name: PartitionName): AssignedPartition {
    const found = this.held.find(({ topic, partition }) => topic === name.topic && partition === name.partition)
    if (found !== undefined) return found
    throw new CastellanError('NOT_ASSIGNED', `${nameOf(name)} is not assigned to this consumer`)
  }

  /** The coordinator's word: all that may be held, at this member epoch. */
  setTarget(target: Target, epoch: number): void {
    this.#target = target
    this.#epoch = epoch
    this.#apply()
  }

  /** Everything is another member's. */
  lost(reason: string): void {
    this.#target = []
    const lost = this.held
    this.#held.clear()
    for (const partition of lost) this.#end(partition, reason)
    if (lost.length === 0) return
    this.#client.log.warn({ group: this.#options.group, partitions: lost.length, reason }, 'lost all partitions')
    void this.#events.emit('lost', { partitions: lost.map(shown), reason })
    this.#hooks.onChange()
  }

  /** Ends all in good order, within `timeoutMs` for the handlers. */
  async close(timeoutMs: number): Promise<void> {
    this.#stop.abort()
    this.#stopWatching()
    const { clock } = this.#client.runtime
    const untilMs = clock.nowMs() + timeoutMs
    const before = this.held.filter((one) => one.state === 'stopping')
    const rest = this.held.filter((one) => one.state !== 'stopping')
    const abandonMs = hastyAbandonMs(timeoutMs)
    const saying = clock.after(waitingSaidMs, () => this.#sayWaiting())
    await this.#giveUp(rest, timeoutMs, abandonMs, () => Math.max(hasty.commitMs, untilMs - clock.nowMs()))
    saying.cancel()
    // Those that were on their way out already had their time.
    await this.#within(Promise.all(this.#leaving), Math.max(0, untilMs - clock.nowMs()))
    for (const one of before) one.abort('must be given up now')
    await this.#within(Promise.all(this.#leaving), abandonMs + hasty.commitMs)
  }

  #sayWaiting(): void {
    const partitions = this.held.filter((one) => one.isBusy).map(nameOf)
    if (partitions.length === 0) return
    const text =
      'closing waits for handlers that run; one that awaits `close` waits for itself: call it without `await`'
    this.#client.log.warn({ group: this.#options.group, partitions }, text)
  }

  // ------------------------------------------------------------ the coordinator's word

  #apply(): void {
    if (this.#stop.signal.aborted) return
    const { revoke, add } = reconcile(this.held, this.#target)
    const going = revoke.map((one) => this.#held.get(keyOf(one))!).filter((one) => one.state !== 'stopping')
    if (going.length > 0) this.#revoke(going)
    const coming = add.flatMap((one) => this.#make(one) ?? [])
    if (coming.length === 0) return
    this.#client.log.info({ group: this.#options.group, partitions: coming.map(nameOf) }, 'partitions assigned')
    this.#hooks.onChange()
    void this.#events.emit('assigned', { partitions: coming.map(shown) })
    void this.#begin(coming)
  }

  #revoke(partitions: readonly AssignedPartition[]): void {
    const leaving = this.#giveUp(partitions, this.#options.revokeTimeoutMs, abandonMs, () => commitMs)
    this.#leaving.add(leaving)
    void leaving.then(() => {
      this.#leaving.delete(leaving)
      this.#apply()
    })
  }

  #make({ topicId, partition }: TopicPartition): AssignedPartition | undefined {
    const topic = this.#client.view.topicById(topicId)
    if (topic === undefined) {
      this.#client.metadata.useId(topicId)
      return undefined
    }
    const made = new AssignedPartition({ topic: topic.name, topicId, partition }, this.#epoch, this.#client.log)
    this.#held.set(keyOf(made), made)
    this.#hooks.onMade(made)
    return made
  }

  /** Asks the service where to start; a hook that fails is asked again, for a wrong start is worse than a late one. */
  async #begin(partitions: readonly AssignedPartition[]): Promise<void> {
    const { clock, random } = this.#client.runtime
    // A partition that went and is back at once: its old handler first, so that there are never two for one message.
    await this.#within(Promise.all(this.#ending), abandonMs)
    for (let failures = 1; ; failures++) {
      // Somebody may have said where it starts meanwhile, by `seek`: then it is active already, and still wants its worker.
      const ours = partitions.filter((one) => one.state === 'starting' || one.isActive)
      if (ours.length === 0 || this.#stop.signal.aborted) return
      try {
        const starts = await this.#options.startOffsets(ours.map(shown))
        for (const { topic, partition, offset } of starts) {
          const one = ours.find((held) => held.topic === topic && held.partition === partition)
          if (one?.state === 'starting') one.moveTo({ offset, leaderEpoch: -1 })
        }
        return this.#hooks.onStart(ours)
      } catch (error) {
        this.#client.log.error({ error: messageOf(error), failures }, 'startOffsets failed, its partitions wait')
        await sleep(clock, backoffMs(hookBackoff, failures, random), this.#stop.signal).catch(() => {}) // closing: nothing starts
      }
    }
  }

  // ------------------------------------------------------------ the way out

  async #giveUp(
    partitions: readonly AssignedPartition[],
    finishMs: number,
    noticeMs: number,
    commitWithinMs: () => number,
  ): Promise<void> {
    if (partitions.length === 0) return
    const resting = Promise.all(partitions.map((one) => one.stop()))
    if (!(await this.#within(resting, finishMs))) {
      const busy = partitions.filter((one) => one.isBusy)
      for (const one of busy) one.abort('must be given up now')
      const isOver = await this.#within(resting, noticeMs)
      if (!isOver)
        for (const one of busy) if (one.isBusy) one.log.error({}, 'a handler goes on after its partition was given up')
    }
    const ours = partitions.filter((one) => one.state !== 'gone')
    if (ours.length === 0) return
    await this.#hooks.onStopped(ours, commitWithinMs())
    const told = this.#events.emit('revoked', { partitions: ours.map(shown) })
    if (!(await this.#within(told, commitWithinMs()))) {
      this.#client.log.error({ group: this.#options.group }, 'listeners of `revoked` take too long, and are left')
    }
    for (const one of ours) {
      if (one.state === 'gone') continue
      this.#held.delete(keyOf(one))
      this.#end(one, 'was given up')
    }
    this.#client.log.info({ group: this.#options.group, partitions: ours.map(nameOf) }, 'partitions given up')
    this.#hooks.onChange()
  }

  #end(partition: AssignedPartition, reason: string): void {
    const { worker } = partition
    this.#ending.add(worker)
    void worker.then(() => this.#ending.delete(worker))
    partition.end(reason)
  }

  /** False: not done in time. */
  #within(task: Promise<unknown>, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer: Timer = this.#client.runtime.clock.after(timeoutMs, () => resolve(false))
      void task.then(() => {
        timer.cancel()
        resolve(true)
      })
    })
  }
}

function shown({ topic, topicId, partition, assignmentEpoch }: AssignedPartition) {
  return { topic, topicId, partition, assignmentEpoch }
}

function nameOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`
}
