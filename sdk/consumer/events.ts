// What happens to a consumer beside its messages, as typed events: one place to listen for all of it.
import type { Logger } from '@castellan/protocol/runtime'
import { messageOf } from '../errors.ts'
import type { AssignedPartitions, PartitionName, Stuck } from './types.ts'

export interface ConsumerEvents {
  /** Partitions came, and are not read yet: a `seek` here decides where they start. */
  readonly assigned: { readonly partitions: AssignedPartitions }
  /**
   * Partitions go to another member, or the consumer closes: their last handlers are over, what is done is committed. They are given up when
   * the promises of all listeners are settled, after 10 s at the latest: the place to write away what was gathered, and to `commit` by hand.
   */
  readonly revoked: { readonly partitions: AssignedPartitions }
  /** Partitions went without a word: nothing can be committed, and another member may have begun already. */
  readonly lost: { readonly partitions: AssignedPartitions; readonly reason: string }
  /** Another broker leads the partition. Nothing is to be done: reading goes on there. */
  readonly moved: PartitionName & {
    /** Broker ids. */
    readonly from: number
    readonly to: number
    readonly leaderEpoch: number
  }
  /** An attempt failed, and the next follows. */
  readonly retrying: PartitionName & {
    readonly offset: number
    /** How many attempts failed. */
    readonly attempts: number
    readonly error: unknown
    /** Until the next attempt. */
    readonly delayMs: number
  }
  /** A message failed `maxAttempts` times, or for good: it stops its partition, or its key. Said once; `consumer.stuck` is up to date. */
  readonly stuck: Stuck
  /** It stops nothing any more: it is done at last, or (`isDone` false) a seek passed it, or the partition went. */
  readonly 'going-on': PartitionName & { readonly offset: number; readonly isDone: boolean }
}

export type ConsumerEvent = keyof ConsumerEvents
export type Listener<Name extends ConsumerEvent> = (event: ConsumerEvents[Name]) => unknown

const names: Record<ConsumerEvent, true> = {
  assigned: true,
  revoked: true,
  lost: true,
  moved: true,
  retrying: true,
  stuck: true,
  'going-on': true,
}

export const eventNames = Object.keys(names) as readonly ConsumerEvent[]

export class Events {
  readonly #log: Logger
  readonly #listeners = new Map<ConsumerEvent, Set<(event: never) => unknown>>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Returns how to stop. */
  on<Name extends ConsumerEvent>(name: Name, listener: Listener<Name>): () => void {
    // An entry of its own for each call: a function that listens twice is called twice, and stops once.
    const entry = (event: ConsumerEvents[Name]) => listener(event)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(entry))
    return () => listeners.delete(entry)
  }

  /** Calls all listeners. What one throws is logged, and harms nobody. Resolves when the promises of all are settled. */
  async emit<Name extends ConsumerEvent>(name: Name, event: ConsumerEvents[Name]): Promise<void> {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined || listeners.size === 0) return
    await Promise.all([...listeners].map((listener) => this.#call(name, () => listener(event as never))))
  }

  async #call(name: ConsumerEvent, listener: () => unknown): Promise<void> {
    try {
      await listener()
    } catch (error) {
      this.#log.error({ event: name, error: messageOf(error) }, 'a listener failed')
    }
  }
}
