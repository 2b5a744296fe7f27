// What is known of the replicas of one topic's partitions when something is to be decided about them.
import type { PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports, LogReport, LogsOfTopic } from '../brokers/reports.ts'
import type { Topic } from '../state/entities.ts'
import type { Electorate } from './election.ts'
import { type Rules, rulesOf } from './rules.ts'
import type { Standings } from './standing.ts'
import type { LogEnd, UncleanElectorate } from './unclean.ts'

export class Electorates {
  readonly #logs: (brokerId: number) => LogsOfTopic | undefined
  readonly #standings: Standings
  readonly #reborn: number | undefined
  readonly #unclean: number | undefined
  readonly #rules: (partition: PartitionState) => Rules

  constructor(
    topic: Topic,
    reports: BrokerReports,
    standings: Standings,
    { reborn, unclean }: Pick<Electorate, 'reborn' | 'unclean'> = {},
  ) {
    this.#reborn = reborn
    this.#unclean = unclean
    this.#logs = reports.logsOf(topic.topicId)
    this.#standings = standings
    this.#rules = rulesOf(topic)
  }

  /** Of the partition `index`, which is `before`. */
  of(index: number, before: PartitionState): Electorate {
    return {
      standing: (id) => this.#standings.with(id, this.#logs(id)?.get(index)?.fault ?? null),
      highestEpoch: this.#highestEpoch(index, before),
      rules: this.#rules(before),
      reborn: this.#reborn,
      unclean: this.#unclean,
    }
  }

  /** `salvages`: damaged logs count, too, by what is sound of them. */
  unclean(
    index: number,
    electorate: Electorate,
    allowed: UncleanElectorate['allowed'],
    salvages = false,
  ): UncleanElectorate {
    const { standing, highestEpoch } = electorate
    const logEnd = (id: number) => logEndOf(this.#logs(id)?.get(index))
    // A broker that is gone may have damaged logs, too.
    const isThere = (id: number) => this.#standings.with(id, null) !== 'down'
    const sound = (id: number) => {
      const { fault = null, sound } = this.#logs(id)?.get(index) ?? {}
      return salvages && fault !== null && isThere(id) ? sound : undefined
    }
    return { standing, highestEpoch, logEnd, sound, allowed }
  }

  /** The highest leader epoch that any replica reports; -1: none. */
  #highestEpoch(index: number, { replicas }: PartitionState): number {
    let highest = -1
    for (const id of replicas) highest = Math.max(highest, this.#logs(id)?.get(index)?.leaderEpoch ?? -1)
    return highest
  }
}

/** Undefined where it leads or follows, or is of the first release. */
function logEndOf(log: LogReport | undefined): LogEnd | undefined {
  if (log?.lastEpoch === undefined || log.endOffset === undefined) return undefined
  const { leaderEpoch, lastEpoch, endOffset } = log
  return { leaderEpoch, lastEpoch, endOffset }
}
