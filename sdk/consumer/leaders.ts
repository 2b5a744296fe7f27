// Which broker leads each partition that a consumer holds, to tell when that changes.
import type { ClusterView } from '../kafka/view.ts'
import type { Events } from './events.ts'
import type { AssignedPartition } from './partition.ts'

export class Leaders {
  readonly #view: ClusterView
  readonly #events: Events
  readonly #held: () => readonly AssignedPartition[]
  /** Broker ids, as told last. */
  #known = new Map<AssignedPartition, number>()
  readonly #stopWatching: () => void

  constructor(view: ClusterView, events: Events, held: () => readonly AssignedPartition[]) {
    this.#view = view
    this.#events = events
    this.#held = held
    this.#stopWatching = view.onChange(() => this.look())
  }

  close(): void {
    this.#stopWatching()
  }

  look(): void {
    const known = new Map<AssignedPartition, number>()
    for (const one of this.#held()) {
      const before = this.#known.get(one)
      const now = this.#view.leader(one.topicId, one.partition)
      // Without a leader it has not moved yet.
      const leader = now?.leader ?? before
      if (leader !== undefined) known.set(one, leader)
      if (now === undefined || before === undefined || before === now.leader) continue
      const { topic, partition } = one
      const { leader: to, leaderEpoch } = now
      void this.#events.emit('moved', { topic, partition, from: before, to, leaderEpoch })
    }
    this.#known = known
  }
}
