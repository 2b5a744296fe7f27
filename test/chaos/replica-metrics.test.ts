// What is read of the text that a broker serves at /metrics.
import { expect, test } from 'vitest'
import { readReplicaMetrics } from './replica-metrics.ts'

test('of each partition its end and its high watermark, and the epoch at which it is led', () => {
  const text = `# HELP castellan_broker_partition_end_offset One past the last offset written.
# TYPE castellan_broker_partition_end_offset gauge
castellan_broker_partition_end_offset{topic="orders",partition="0"} 12
castellan_broker_partition_end_offset{topic="orders",partition="11"} 7
castellan_broker_partition_high_watermark{topic="orders",partition="0"} 10
castellan_broker_partition_high_watermark{topic="orders",partition="11"} 7
castellan_broker_partition_leader_epoch{topic="orders",partition="11"} 3
castellan_broker_partitions_led 1
`
  expect(readReplicaMetrics(text)).toEqual([
    { partition: 'orders/0', highWatermark: 10, endOffset: 12, leaderEpoch: null },
    { partition: 'orders/11', highWatermark: 7, endOffset: 7, leaderEpoch: 3 },
  ])
})
