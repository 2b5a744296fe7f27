// What is known of the replicas of one topic's partitions when something is to be decided about them.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import type { Topic } from '../state/entities.ts'
import type { Electorate } from './election.ts'
import { type Rules, rulesOf } from './rules.ts'
import type { Standings } from './standing.ts'
import type { UncleanElectorate } from './unclean.ts'

export class Electorates {
  readonly #topicId: string
  readonly #reports: BrokerReports
  readonly #standings: Standings
  readonly #rules: (partition: PartitionState) => Rules

  constructor(topic: Topic, reports: BrokerReports, standings: Standings) {
    this.#topicId = topic.topicId
    this.#reports = reports
    this.#standings = standings
    this.#rules = rulesOf(topic)
  }

  /** Of the partition `index`, which is `before`. */
  of(index: number, before: PartitionState): Electorate {
    return {
      standing: (id) => this.#standings.of(id, this.#topicId, index),
      highestEpoch: this.#reports.highestEpoch(before.replicas, this.#topicId, index),
      rules: this.#rules(before),
    }
  }

  unclean(index: number, electorate: Electorate, allowed: UncleanElectorate['allowed']): UncleanElectorate {
    const { standing, highestEpoch } = electorate
    return { standing, highestEpoch, logEnd: (id) => this.#reports.logEnd(id, this.#topicId, index), allowed }
  }
}
