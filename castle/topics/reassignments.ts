// Reassignments, as people, Kafka's admin clients and Castle itself ask for them; and what keeps them going (placement/follow.ts).
import { groupBy } from '@castellan/protocol'
import type { PartitionOutcomes, ReassignPartitionsArgs } from '@castellan/protocol/heartbeat'
import type { Logger } from '@castellan/protocol/runtime'
import type { BrokerReports } from '../brokers/reports.ts'
import { CastleError } from '../errors.ts'
import { findFollowed, follow } from '../placement/follow.ts'
import { isReassigning, targetOf } from '../placement/reassign.ts'
import { roomsOf } from '../placement/rooms.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { type AskedOf, livingTopic } from './change.ts'
import { offsetsTopic } from './create.ts'
import {
  type DrawnReassignment,
  drawReassignment,
  putReassigned,
  type ReassignmentAsked,
  reassignTopic,
} from './reassign.ts'

export interface ReassignmentsOptions {
  readonly changes: Changes
  readonly reports: BrokerReports
  readonly replicationFactor: number
  readonly log: Logger
}

export class Reassignments {
  readonly #options: ReassignmentsOptions
  #following = false

  constructor(options: ReassignmentsOptions) {
    this.#options = options
  }

  /** Resolves when it is on disk that it begins; rejects with a CastleError. */
  reassign(cluster: string, name: string, what: ReassignmentAsked, asked?: AskedOf): Promise<Topic> {
    const { changes, reports } = this.#options
    return changes.change((draft) => reassignTopic(draft, reports, cluster, name, what, asked))
  }

  /** What that would do; nothing is done. */
  plan(topic: Topic, what: ReassignmentAsked): DrawnReassignment {
    const { changes, reports } = this.#options
    return drawReassignment(changes.state, reports, topic, what)
  }

  /** As Kafka's clients ask for it: each partition has an outcome of its own. */
  call(cluster: string, args: ReassignPartitionsArgs): Promise<PartitionOutcomes> {
    return this.#options.changes.change((draft) => {
      const outcomes = new Map<(typeof args.partitions)[number], PartitionOutcomes['partitions'][number]>()
      for (const [name, asked] of groupBy(args.partitions, ({ topic }) => topic)) {
        const errors = this.#callTopic(draft, cluster, name, asked)
        for (const each of asked) {
          const error = errors.get(each.partition)
          const said =
            error === undefined ? { errorCode: 0 } : { errorCode: error.kafkaCode, message: sentences(error) }
          outcomes.set(each, { topic: name, partition: each.partition, ...said })
        }
      }
      return { partitions: args.partitions.flatMap((each) => outcomes.get(each) ?? []) }
    })
  }

  /** The errors of one topic's partitions. */
  #callTopic(
    draft: Draft,
    cluster: string,
    name: string,
    partitions: ReassignPartitionsArgs['partitions'],
  ): Map<number, CastleError> {
    try {
      const topic = livingTopic(draft, cluster, name)
      const drawn = drawReassignment(draft, this.#options.reports, topic, { partitions })
      putReassigned(draft, topic, drawn, 'asked for')
      const whole = drawn.problems.find(({ field }) => !field.startsWith('partitions.'))
      const errors = drawn.problems.map(({ field, error }): [number, CastleError] => [
        Number(field.split('.')[1]),
        error,
      ])
      return whole === undefined ? new Map(errors) : errorOfAll(partitions, whole.error)
    } catch (error) {
      if (error instanceof CastleError) return errorOfAll(partitions, error)
      throw error
    }
  }

  /** Looks whether something can go on. Cheap where nothing is under way. */
  sweep(): void {
    const { changes, reports, log } = this.#options
    if (this.#following) return
    const growing = this.#findGrowing(changes.state)
    if (findFollowed(changes.state, reports).length === 0 && growing.length === 0) return
    this.#following = true
    const task = changes.change((draft) => {
      follow(draft, reports)
      for (const topic of this.#findGrowing(draft)) this.#grow(draft, topic)
    })
    task
      .catch((error: unknown) => {
        if (error instanceof CastleError && error.code === 'NOT_ACTIVE') return
        log.error({ error }, 'reassignments could not go on: trying again')
      })
      .finally(() => {
        this.#following = false
      })
  }

  /**
   * Logs of groups that were made when fewer brokers were there (or by the first release, which had one replica of each): nobody else may
   * give them more replicas, and offsets are worth as many as any topic.
   */
  #findGrowing(view: View): Topic[] {
    return [...view.all('topic')].filter((topic) => {
      if (topic.name !== offsetsTopic || topic.deleted || isInDoubt(topic)) return false
      if (topic.partitions.some((partition) => isReassigning(partition) || partition.leader === -1)) return false
      const least = Math.min(...topic.partitions.map((partition) => targetOf(partition).length))
      return least < Math.min(this.#options.replicationFactor, ableIn(view, topic.cluster))
    })
  }

  #grow(draft: Draft, topic: Topic): void {
    const able = ableIn(draft, topic.cluster)
    const replicationFactor = Math.min(this.#options.replicationFactor, able)
    const drawn = drawReassignment(draft, this.#options.reports, topic, { replicationFactor })
    if (drawn.problems.length > 0) return
    putReassigned(draft, topic, drawn, `${able} brokers can hold its replicas by now`)
  }
}

function ableIn(view: View, cluster: string): number {
  return roomsOf(view, cluster).filter(({ replicates }) => replicates).length
}

function errorOfAll(partitions: ReassignPartitionsArgs['partitions'], error: CastleError): Map<number, CastleError> {
  return new Map(partitions.map(({ partition }) => [partition, error]))
}

function sentences(error: CastleError): string {
  return `${error.message}. ${error.next}`.slice(0, 2_000)
}
