// Reading the log of groups where a snapshot and changes among it stand, as an older part of it was deleted.

import { BatchBuilder } from '@castellan/protocol/records'
import { nodeRuntime } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import type { Partition } from '../partition/index.ts'
import { beginRecord, encodeChange, endRecord } from './format.ts'
import { GroupLog } from './group-log.ts'
import type { Change } from './state/group.ts'

const holding = (epoch: number): Change => {
  return {
    kind: 'holding',
    memberId: 'c',
    value: { epoch, previousEpoch: epoch - 1, assigned: new Map(), revoking: new Map() },
  }
}
const member: Change = {
  kind: 'member',
  memberId: 'c',
  value: {
    instanceId: null,
    rack: null,
    clientId: 'test',
    clientHost: '127.0.0.1',
    topicNames: ['orders'],
    topicRegex: null,
    assignor: null,
    rebalanceTimeoutMs: 1_000,
  } as never,
}

test('what came in of a member before the snapshot told it is not needed, and breaks nothing', async () => {
  const builder = new BatchBuilder()
  const changes = [holding(3), member, holding(4), holding(5)]
  builder.append({ ...beginRecord, timestamp: 0 })
  for (const change of changes) builder.append({ ...encodeChange('g', change), timestamp: 0 })
  builder.append({ ...endRecord, timestamp: 0 })
  const batch = builder.build({ baseOffset: 26 })
  const endOffset = 26 + changes.length + 2
  const partition = {
    ...{ leaderEpoch: 3, isLeader: true, startOffset: 26, endOffset, highWatermark: endOffset },
    batches: async function* () {
      yield batch
    },
  }
  const { clock } = nodeRuntime()
  const log = new GroupLog(partition as never as Partition, { clock, snapshotBytes: 1_000_000, onFailure: () => {} })
  const told: Change[] = []
  await log.read((_, change) => told.push(change))
  expect(told).toEqual([member, holding(4), holding(5)])
})
