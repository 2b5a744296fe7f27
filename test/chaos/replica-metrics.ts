// Where a broker's replicas stand, by its own word: its metrics, all of one moment.

export interface ReplicaMetrics {
  /** 'topic/3' */
  readonly partition: string
  readonly highWatermark: number
  readonly endOffset: number
  /** At which this broker leads it; null: it does not. */
  readonly leaderEpoch: number | null
}

const line = /^castellan_broker_partition_(\w+)\{topic="([^"]*)",partition="(\d+)"\} (\d+)$/gm

/** Of the text of /metrics. */
export function readReplicaMetrics(text: string): ReplicaMetrics[] {
  const found = new Map<string, Map<string, number>>()
  for (const [, gauge = '', topic, index, value] of text.matchAll(line)) {
    const partition = `${topic}/${index}`
    const gauges = found.get(partition) ?? new Map<string, number>()
    found.set(partition, gauges.set(gauge, Number(value)))
  }
  return [...found].flatMap(([partition, gauges]) => {
    const [highWatermark, endOffset] = [gauges.get('high_watermark'), gauges.get('end_offset')]
    if (highWatermark === undefined || endOffset === undefined) return []
    return [{ partition, highWatermark, endOffset, leaderEpoch: gauges.get('leader_epoch') ?? null }]
  })
}
