// What brokers last said that they have: in memory only, because a broker says it again to a Castle that forgot. Decisions read
// logs and faults from here; people see strays here (R13: shown, never deleted).
import type { BrokerReport } from '@castellan/protocol/heartbeat'
import type { View } from '../state/state.ts'

export type LogReport = BrokerReport['logs'][number]
/** By partition. */
export type LogsOfTopic = ReadonlyMap<number, LogReport>

interface Heard {
  /** Its `logs` may be those alone that changed. */
  readonly report: BrokerReport
  /** All that it has: topic id -> partition -> log. */
  readonly logs: Map<string, Map<number, LogReport>>
  readonly faults: readonly LogReport[]
}

export class BrokerReports {
  readonly #heard = new Map<number, Heard>()

  /**
   * Takes a report in, whole or as what changed since the one before. Returns the ids of topics of which a log came, fell out of use or back into it, or has another
   * leader epoch or end.
   */
  put(brokerId: number, report: BrokerReport): Set<string> {
    const news = new Set<string>()
    const before = this.#heard.get(brokerId)?.logs
    const logs: Heard['logs'] = report.logsBase === undefined || before === undefined ? new Map() : before
    for (const log of report.logs) {
      const known = before?.get(log.topicId)?.get(log.partition)
      if (known === undefined || isNews(known, log)) news.add(log.topicId)
      const partitions = logs.get(log.topicId) ?? new Map<number, LogReport>()
      logs.set(log.topicId, partitions.set(log.partition, log))
    }
    for (const { topicId, partition } of report.logsGone ?? []) {
      logs.get(topicId)?.delete(partition)
      if (logs.get(topicId)?.size === 0) logs.delete(topicId)
    }
    this.#heard.set(brokerId, { report, logs, faults: [...allOf(logs)].filter(({ fault }) => fault !== null) })
    return news
  }

  of(brokerId: number): BrokerReport | undefined {
    return this.#heard.get(brokerId)?.report
  }

  /** Its logs that are out of use. */
  faults(brokerId: number): readonly LogReport[] {
    return this.#heard.get(brokerId)?.faults ?? []
  }

  /** Why the broker's log of a partition is out of use (R9); null when it is fine or not there yet. */
  fault(brokerId: number, topicId: string, partition: number): string | null {
    return this.#log(brokerId, topicId, partition)?.fault ?? null
  }

  /** The logs of one topic by broker and partition: for whoever looks at all of its partitions. */
  logsOf(topicId: string): (brokerId: number) => LogsOfTopic | undefined {
    return (brokerId) => this.#heard.get(brokerId)?.logs.get(topicId)
  }

  hasLogs(brokerId: number): boolean {
    return (this.#heard.get(brokerId)?.logs.size ?? 0) > 0
  }

  hasLogsOf(brokerId: number, topicId: string): boolean {
    return this.#heard.get(brokerId)?.logs.has(topicId) ?? false
  }

  hasLog(brokerId: number, topicId: string, partition: number): boolean {
    return this.#log(brokerId, topicId, partition) !== undefined
  }

  /** It has logs of topics that the store does not know, and that nobody has refused. */
  hasForgotten(view: View, brokerId: number): boolean {
    const { refused = {} } = view.get('cluster', this.of(brokerId)?.cluster ?? '') ?? {}
    for (const topicId of this.#heard.get(brokerId)?.logs.keys() ?? []) {
      if (view.get('topic', topicId) === undefined && refused[topicId] === undefined) return true
    }
    return false
  }

  /** Logs on its disk that belong to no topic that Castle knows, or to a place where they should not be. */
  strays(view: View, brokerId: number): { topicId: string; partition: number }[] {
    const strays: { topicId: string; partition: number }[] = []
    for (const { topicId, partition } of allOf(this.#heard.get(brokerId)?.logs ?? none)) {
      const topic = view.get('topic', topicId)
      const { replicas = [], removed = [] } = topic?.partitions[partition] ?? {}
      const wanted = topic?.deleted === true || replicas.includes(brokerId) || removed.includes(brokerId)
      if (!wanted) strays.push({ topicId, partition })
    }
    return strays
  }

  #log(brokerId: number, topicId: string, partition: number): LogReport | undefined {
    return this.#heard.get(brokerId)?.logs.get(topicId)?.get(partition)
  }
}

const none: Heard['logs'] = new Map()

function* allOf(logs: Heard['logs']): Iterable<LogReport> {
  for (const partitions of logs.values()) yield* partitions.values()
}

function isNews(before: LogReport, log: LogReport): boolean {
  return (
    before.fault !== log.fault ||
    before.leaderEpoch !== log.leaderEpoch ||
    before.lastEpoch !== log.lastEpoch ||
    before.endOffset !== log.endOffset ||
    before.sound?.endOffset !== log.sound?.endOffset
  )
}
