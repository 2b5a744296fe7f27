// One decision in the making: reads see what it has put so far, and nothing of it counts until the store has it.
import { type Decision, type Entities, type EntityChange, type Kind, keyOf, type Topic } from './entities.ts'
import type { View } from './state.ts'

export interface DraftContext {
  /** A version for a subject that changes: higher than any before. */
  readonly nextVersion: () => number
  readonly nextDecision: () => number
  /** The first of so many producer ids that nobody ever had. */
  readonly takeProducerIds: (length: number) => number
  readonly wallMs: number
  readonly decisionsMax: number
}

export class Draft implements View {
  readonly #view: View
  readonly #context: DraftContext
  readonly #changes = new Map<string, EntityChange>()

  constructor(view: View, context: DraftContext) {
    this.#view = view
    this.#context = context
  }

  get wallMs(): number {
    return this.#context.wallMs
  }

  get changes(): readonly EntityChange[] {
    return [...this.#changes.values()]
  }

  nextVersion(): number {
    return this.#context.nextVersion()
  }

  takeProducerIds(length: number): number {
    return this.#context.takeProducerIds(length)
  }

  get<K extends Kind>(kind: K, key: string): Entities[K] | undefined {
    const change = this.#changes.get(`${kind}/${key}`)
    if (change === undefined) return this.#view.get(kind, key)
    return (change.entity ?? undefined) as Entities[K] | undefined
  }

  *all<K extends Kind>(kind: K): Iterable<Entities[K]> {
    const seen = new Set<unknown>()
    for (const entity of this.#view.all(kind)) {
      const change = this.#changes.get(`${kind}/${keyOf[kind](entity)}`)
      if (change === undefined) yield entity
      else if (change.entity !== null) {
        seen.add(change)
        yield change.entity as Entities[K]
      }
    }
    for (const change of this.#changes.values()) {
      if (change.kind === kind && change.entity !== null && !seen.has(change)) yield change.entity as Entities[K]
    }
  }

  topicNamed(cluster: string, name: string): Topic | undefined {
    for (const change of this.#changes.values()) {
      if (change.kind !== 'topic' || change.entity === null || change.entity.deleted) continue
      if (change.entity.cluster === cluster && change.entity.name === name) return change.entity
    }
    const topic = this.#view.topicNamed(cluster, name)
    return topic !== undefined && this.#changes.has(`topic/${topic.topicId}`) ? undefined : topic
  }

  put<K extends Kind>(kind: K, entity: Entities[K]): void {
    const key = keyOf[kind](entity)
    this.#changes.set(`${kind}/${key}`, { kind, key, entity } as EntityChange)
  }

  remove(kind: Kind, key: string): void {
    this.#changes.set(`${kind}/${key}`, { kind, key, entity: null })
  }

  /** Records what this decision is and what made Castle take it; the oldest records go. */
  decide(decision: Pick<Decision, 'kind' | 'what' | 'why' | 'about'>): void {
    const number = this.#context.nextDecision()
    this.put('decision', { number, atMs: this.wallMs, ...decision })
    for (const old of this.#view.all('decision')) {
      if (old.number > number - this.#context.decisionsMax) break
      this.remove('decision', keyOf.decision(old))
    }
  }
}
