// All entities in memory, by kind and key, in the order in which they were put: what every decision reads. It changes
// only by `apply`, after the store has written the same change.
import type { Broker, Entities, EntityChange, Kind, Topic } from './entities.ts'

/** What decisions read: the state, or a draft over it. */
export interface View {
  get<K extends Kind>(kind: K, key: string): Entities[K] | undefined
  all<K extends Kind>(kind: K): Iterable<Entities[K]>
  /** The living topic of that name. */
  topicNamed(cluster: string, name: string): Topic | undefined
}

type Maps = { readonly [K in Kind]: Map<string, Entities[K]> }

export class State implements View {
  readonly #maps: Maps = {
    cluster: new Map(),
    broker: new Map(),
    topic: new Map(),
    group: new Map(),
    'producer-ids': new Map(),
    decision: new Map(),
  }
  /** Living topics by cluster and name: maps in a map, for reports ask by thousands of names, and no key is made for it. */
  readonly #topicsByName = new Map<string, Map<string, Topic>>()

  get<K extends Kind>(kind: K, key: string): Entities[K] | undefined {
    return this.#maps[kind].get(key)
  }

  all<K extends Kind>(kind: K): Iterable<Entities[K]> {
    return this.#maps[kind].values()
  }

  count(kind: Kind): number {
    return this.#maps[kind].size
  }

  topicNamed(cluster: string, name: string): Topic | undefined {
    return this.#topicsByName.get(cluster)?.get(name)
  }

  apply(change: EntityChange): void {
    if (change.kind === 'topic') this.#index(change.key, change.entity)
    const map = this.#maps[change.kind] as Map<string, Entities[Kind]>
    if (change.entity === null) map.delete(change.key)
    else map.set(change.key, change.entity)
  }

  #index(topicId: string, topic: Topic | null): void {
    const old = this.#maps.topic.get(topicId)
    if (old !== undefined && !old.deleted) this.#topicsByName.get(old.cluster)?.delete(old.name)
    if (topic === null || topic.deleted) return
    let named = this.#topicsByName.get(topic.cluster)
    if (named === undefined) {
      named = new Map()
      this.#topicsByName.set(topic.cluster, named)
    }
    named.set(topic.name, topic)
  }
}

export function* brokersOf(view: View, cluster: string): Iterable<Broker> {
  for (const broker of view.all('broker')) if (broker.cluster === cluster) yield broker
}

/** Living and deleted ones. */
export function* topicsOf(view: View, cluster: string): Iterable<Topic> {
  for (const topic of view.all('topic')) if (topic.cluster === cluster) yield topic
}
