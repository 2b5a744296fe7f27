// The topic in which groups keep their offsets: made by Castle itself, once enough brokers are there to spread it, or a short time after
// the first. Not while an older one may be on its way back to a store that forgot it (R14): two would be one too many, and the older one's
// offsets would be refused.
import { type Clock, type Random, type Timer, uuid } from '@castellan/protocol/runtime'
import type { CoreSettings } from '../config.ts'
import { CastleError } from '../errors.ts'
import type { Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import { brokersOf } from '../state/state.ts'
import { createTopic, offsetsTopic } from '../topics/create.ts'
import type { BrokerReports } from './reports.ts'

export interface OffsetsTopicOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
  readonly clock: Clock
  readonly random: Random
  readonly settings: CoreSettings
  /** Topics of a cluster are on their way from brokers to a store that forgot them (R14). */
  readonly awaitsTopics: (cluster: string) => boolean
  /** Told of trouble. */
  readonly watch: (task: Promise<unknown>, what: string) => void
}

/** Group state is kept short by its coordinator's own snapshots: nobody else may cut it. */
const configs = {
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'cleanup.policy': 'delete',
  // One record holds all that a member has.
  'max.message.bytes': '16777216',
}

/** After what could not be written, or has to wait. */
const retryMs = 1_000
/** Whose logs nobody knows: others that were told of them have been heard by then, or groups can wait no longer. */
const patienceMs = 60_000

export class OffsetsTopic {
  readonly #options: OffsetsTopicOptions
  /** By cluster: the time of making it, or of trying again. */
  readonly #coming = new Map<string, Timer>()
  /** By cluster: since when logs that the store does not know have held it up. */
  readonly #heldUpMs = new Map<string, number>()

  constructor(options: OffsetsTopicOptions) {
    this.#options = options
  }

  need(cluster: string): void {
    const { state } = this.#options.changes
    if (state.topicNamed(cluster, offsetsTopic) !== undefined || state.get('cluster', cluster)?.kind === 'kafka') return
    const { offsetsTopicBrokers, offsetsTopicWaitMs } = this.#options.settings
    const up = [...brokersOf(state, cluster)].filter((broker) => broker.up).length
    if (up >= offsetsTopicBrokers) return this.#make(cluster)
    if (!this.#coming.has(cluster)) this.#later(cluster, offsetsTopicWaitMs)
  }

  close(): void {
    for (const timer of this.#coming.values()) timer.cancel()
  }

  #later(cluster: string, delayMs: number): void {
    this.#coming.get(cluster)?.cancel()
    const timer = this.#options.clock.after(delayMs, () => {
      this.#coming.delete(cluster)
      this.#make(cluster)
    })
    this.#coming.set(cluster, timer)
  }

  #make(cluster: string): void {
    const { changes, random, settings, watch, awaitsTopics } = this.#options
    const topicId = uuid(random)
    const partitions = settings.offsetsTopicPartitions
    const task = changes.change((draft) => {
      const isNeeded = draft.topicNamed(cluster, offsetsTopic) === undefined
      const canBeMade = [...brokersOf(draft, cluster)].some((broker) => broker.up)
      if (!isNeeded || !canBeMade) return
      if (awaitsTopics(cluster) || this.#isHeldUp(draft, cluster)) return this.#later(cluster, retryMs)
      const args = { cluster, name: offsetsTopic, partitions, internal: true, configs }
      createTopic(draft, topicId, args, { partitions, replicationFactor: settings.defaultReplicationFactor })
    })
    task.catch((error: unknown) => {
      if (error instanceof CastleError && error.code === 'NOT_ACTIVE') return
      this.#later(cluster, retryMs)
    })
    watch(task, `making ${offsetsTopic} of cluster ${cluster}`)
  }

  /** A broker that lost power may have logs, and not remember whose they are; others may. */
  #isHeldUp(draft: Draft, cluster: string): boolean {
    const { reports, clock } = this.#options
    const hasForgotten = [...brokersOf(draft, cluster)].some(({ id }) => reports.hasForgotten(draft, id))
    if (!hasForgotten) {
      this.#heldUpMs.delete(cluster)
      return false
    }
    const sinceMs = this.#heldUpMs.get(cluster) ?? clock.nowMs()
    this.#heldUpMs.set(cluster, sinceMs)
    return clock.nowMs() - sinceMs < patienceMs
  }
}
