// OffsetFetch (9), versions 1 to 10: how far groups have processed.
//
//   - `requireStable` asks to wait for open transactions; there are none yet, so every offset is stable.
//   - Version 9 names member and epoch, and is fenced by them.
//
// 2 null: all topics, error of the group   3 throttle time   5 leader epoch   6 flexible   7 requireStable
// 8 several groups (KIP-709)   9 member epochs (KIP-848)   10 topic ids
import { offsetFetch as api } from '@castellan/protocol'
import { handler } from './handler.ts'

export const fetchOffsets = handler(api, (request, { broker, apiVersion }) =>
  broker.coordinator.fetchOffsets(request, apiVersion),
)
