// OffsetCommit (8), versions 2 to 10: how far a group has processed.
//
//   - Who may commit is the group's affair: groups/state/commits.ts. Each partition is answered by itself.
//   - The metadata string comes back from OffsetFetch; `retentionTimeMs` (2 to 4) is honoured.
//
// 5 no retention time   6 leader epoch   7 instance id (KIP-345)   8 flexible   9 member epochs (KIP-848)   10 topic ids
import { offsetCommit as api } from '@castellan/protocol'
import { handler } from './handler.ts'

export const commitOffsets = handler(api, (request, { broker, apiVersion }) =>
  broker.coordinator.commitOffsets(request, apiVersion),
)
