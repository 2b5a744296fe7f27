// Fetch (1), versions 4 to 18: batches as stored, for consumers below the high watermark (R3), for followers up to the log's end.
//
//   request ─► session: what is asked for, and what of it has news ─► Fetching: reads, waits ─► answer
//
//   - Sessions (KIP-227): a fetch names what changed in its reader's questions, and is answered what changed here.
//   - A follower's fetch says what it has: that raises the high watermark and brings it into the ISR. Its wait ends when its broker
//     sends another request: which partitions it follows has changed.
//   - There are no transactions yet: the last stable offset is the high watermark; a follower is told there what it needs to be in sync.
//
//  5 log start offset   7 sessions   9 leader epoch (KIP-320)   10 zstd   11 rack   12 flexible, last fetched epoch
// 13 topic ids (KIP-516)   15 replica state (KIP-903)   16 leaders' endpoints (KIP-951)   17 directory id   18 high watermark
import {
  fetch as api,
  errors,
  type FetchRequest as Request,
  type FetchResponseInput as Response,
} from '@castellan/protocol'
import { Fetching } from './fetch/fetching.ts'
import type { Reader } from './fetch/slot.ts'
import { handler, type RequestContext } from './handler.ts'

const topicIdsSince = 13

export const fetch = handler(api, (request, context) => {
  const reader = readerOf(request, context)
  if (reader === null) return { errorCode: errors.REPLICA_NOT_AVAILABLE.code, responses: [] }
  const opened = context.broker.fetchSessions.open(context.broker, request, reader)
  if ('errorCode' in opened) return { errorCode: opened.errorCode, responses: [] }
  return new Promise<Response>((resolve, reject) => new Fetching(request, context, opened, resolve, reject).start())
})

/** Null: a follower that does not say which process of its broker it is, as before version 15: nobody here does that. */
function readerOf({ replicaId, replicaState }: Request, { apiVersion, clientSeenMs }: RequestContext): Reader | null {
  const byId = apiVersion >= topicIdsSince
  if (replicaState === null || replicaState.replicaId < 0) return replicaId < 0 ? { follower: null, byId } : null
  const { replicaId: id, replicaEpoch: brokerEpoch } = replicaState
  return { follower: { id, brokerEpoch, presence: { fetchedMs: clientSeenMs } }, byId }
}
