// R5: one leader an epoch, and logs that never diverge: below the high watermark every replica has the same bytes.
import { groupBy, type History, type ReplicaLog, type ReplicaState, type Verdict, verdict } from './history.ts'

/** Who leads at an epoch, by the brokers' word and by Castle's: one broker, and of it one process. */
export function checkLeaders(history: History): Verdict {
  const violations: string[] = []
  const byEpoch = groupBy(history.leaderships, ({ partition, leaderEpoch }) => `${partition} epoch ${leaderEpoch}`)
  for (const [what, all] of byEpoch) {
    const brokers = new Set(all.map(({ broker }) => broker))
    const processes = new Set(all.flatMap(({ process }) => (process === null ? [] : [process])))
    if (brokers.size > 1) violations.push(`${what}: brokers ${[...brokers].join(' and ')} lead`)
    else if (processes.size > 1) violations.push(`${what}: ${[...processes].join(' and ')} lead`)
  }
  return verdict('R5 one leader an epoch', history.leaderships.length, violations)
}

/** Within a process the high watermark never goes back, and no replica says that more is safe than it has. */
export function checkReplicas(history: History): Verdict {
  const violations: string[] = []
  for (const all of groupBy(history.replicaStates, ({ partition, process }) => `${partition} ${process}`).values()) {
    let before: ReplicaState | null = null
    for (const next of all) {
      const when = `${next.partition} at ${next.process}, ${next.atMs.toFixed(0)} ms`
      if (next.highWatermark > next.endOffset) {
        violations.push(`${when}: the high watermark ${next.highWatermark} is beyond the log's end ${next.endOffset}`)
      }
      if (before !== null && next.highWatermark < before.highWatermark && !mayBeCut(history, next)) {
        violations.push(`${when}: the high watermark ${next.highWatermark} comes after ${before.highWatermark}`)
      }
      before = next
    }
  }
  return verdict('HW never goes back', history.replicaStates.length, violations)
}

/** By a loss that it has heard of, however long ago that was counted: a replica that was away, or hung, hears of it late. */
function mayBeCut({ losses }: History, { partition, leaderEpoch }: ReplicaState): boolean {
  return losses.some((loss) => loss.partition === partition && loss.leaderEpoch <= leaderEpoch)
}

export function checkLogs(history: History): Verdict {
  const violations: string[] = []
  for (const logs of groupBy(history.replicaLogs, ({ partition }) => partition).values()) {
    const [first, ...others] = logs
    for (const other of others) violations.push(...differences(first!, other))
  }
  return verdict('R5 replicas have the same log', history.replicaLogs.length, violations)
}

/** Of the offsets that both have and both call safe. */
function differences(a: ReplicaLog, b: ReplicaLog): string[] {
  const from = Math.max(a.startOffset, b.startOffset)
  const to = Math.min(a.highWatermark, b.highWatermark)
  const within = ({ batches }: ReplicaLog) =>
    new Map(batches.filter(({ offset }) => offset >= from && offset < to).map((batch) => [batch.offset, batch]))
  const [ofA, ofB] = [within(a), within(b)]
  for (const offset of [...new Set([...ofA.keys(), ...ofB.keys()])].sort((x, y) => x - y)) {
    const [one, other] = [ofA.get(offset), ofB.get(offset)]
    if (one?.digest === other?.digest && one?.leaderEpoch === other?.leaderEpoch) continue
    const what = (batch: typeof one) => (batch ? `epoch ${batch.leaderEpoch} ${batch.digest}` : 'nothing')
    return [
      `${a.partition}: at offset ${offset} broker ${a.broker} has ${what(one)}, broker ${b.broker} ${what(other)}`,
    ]
  }
  return []
}
