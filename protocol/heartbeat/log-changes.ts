// A broker with thousands of logs does not say all of them again because one has another leader: of its logs a report says what is not as in the
// last one that Castle confirmed.
//
//   report 7: all ──► answer ──► report 8: changes since 7 ──► answer ──► report 9: changes since 8
//                                     └── no answer: report 9 is since 7, which Castle may have no more: it asks for all
//
// Castle takes changes only on top of the very report that they name.
import type { BrokerReport } from './reports.ts'

export type LogReport = BrokerReport['logs'][number]
export type LogChanges = Required<Pick<BrokerReport, 'logs' | 'logsBase' | 'logsGone'>>

interface Said {
  readonly reportNumber: number
  readonly logs: LogReport[]
}

/** What Castle was told of a broker's logs: by the last report, and by the one that it confirmed last. */
export class LogsSaid {
  #last: Said | undefined
  #confirmed: Said | undefined

  /**
   * What the report of this number says of `logs`, and notes it as said; what was said under a number is said under it again. `since`: the
   * report that Castle confirmed last; -1: none, or it takes no changes. Logs that are the same objects as before are unchanged.
   */
  say(logs: LogReport[], reportNumber: number, since: number): LogChanges | Pick<LogChanges, 'logs'> {
    if (this.#last?.reportNumber === since) this.#confirmed = this.#last
    if (this.#last?.reportNumber !== reportNumber) this.#last = { reportNumber, logs }
    const said = this.#last.logs
    if (this.#confirmed?.reportNumber !== since) return { logs: said }
    return { logsBase: since, ...changesOf(this.#confirmed.logs, said) }
  }
}

function changesOf(before: readonly LogReport[], after: readonly LogReport[]): Omit<LogChanges, 'logsBase'> {
  const known = new Set(before)
  const logs = after.filter((log) => !known.delete(log))
  // Only what is not there as it was is looked at by name.
  const names = new Set(logs.map(nameOf))
  const gone = [...known].filter((log) => !names.has(nameOf(log)))
  return { logs, logsGone: gone.map(({ topicId, partition }) => ({ topicId, partition })) }
}

function nameOf({ topicId, partition }: LogReport): string {
  return `${topicId}/${partition}`
}
