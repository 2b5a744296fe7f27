// Fetch: read record batches; consumers and followers.
//
// 5: log start offset   7: sessions (KIP-227)   9: leader epoch   10: zstd   11: rack, follower fetching (KIP-392)   12: flexible, diverging epoch
// Our own, beyond Kafka's tags: isSynced, of a follower that knows of flush.messages=1: all below the offset is on its disk.
// 13: topic ids   15: replica state (KIP-903)   16: the leaders' endpoints (KIP-951)   17: directory id   18: high watermark (KIP-1166)
import {
  api,
  array,
  boolean,
  int8,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  records,
  string,
  struct,
  uuid,
  zeroUuid,
} from '../schema/index.ts'
import { currentLeader, nodeEndpoints } from './common.ts'

export const fetch = api(1, 'Fetch', {
  versions: [4, 18],
  flexible: 12,
  request: {
    clusterId: nullableString.tagged(0, 12, null),
    replicaId: int32.until(14, -1),
    replicaState: struct({ replicaId: int32.default(-1), replicaEpoch: int64.default(-1) }).tagged(1, 15, null),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fff_ffff),
    isolationLevel: int8.default(0),
    sessionId: int32.since(7),
    sessionEpoch: int32.since(7, -1),
    topics: array({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.since(9, -1),
        fetchOffset: int64,
        lastFetchedEpoch: int32.since(12, -1),
        logStartOffset: int64.since(5, -1),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.tagged(0, 17, zeroUuid),
        highWatermark: int64.tagged(1, 18, Number.MAX_SAFE_INTEGER),
        isSynced: boolean.tagged(10_000, 17, false),
      }),
    }),
    forgottenTopicsData: array({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: array(int32),
    }).since(7),
    rackId: string.since(11),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(7),
    sessionId: int32.since(7),
    responses: array({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: int64,
        lastStableOffset: int64.default(-1),
        logStartOffset: int64.since(5, -1),
        divergingEpoch: struct({ epoch: int32.default(-1), endOffset: int64.default(-1) }).tagged(0, 12, null),
        currentLeader: currentLeader.tagged(1, 12, null),
        snapshotId: struct({ endOffset: int64.default(-1), epoch: int32.default(-1) }).tagged(2, 12, null),
        abortedTransactions: nullableArray({ producerId: int64, firstOffset: int64 }).default(null),
        preferredReadReplica: int32.since(11, -1),
        records,
      }),
    }),
    nodeEndpoints: nodeEndpoints.tagged(0, 16, []),
  },
})

export type FetchRequest = RequestOf<typeof fetch>
export type FetchRequestInput = RequestInput<typeof fetch>
export type FetchResponse = ResponseOf<typeof fetch>
export type FetchResponseInput = ResponseInput<typeof fetch>
