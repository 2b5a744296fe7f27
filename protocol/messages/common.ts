// What several messages contain.
import { array, int16, int32, nullableString, string, struct, uuid } from '../schema/index.ts'

/** Who leads now, for a client that asked the wrong broker: it need not ask for metadata first (KIP-951). */
export const currentLeader = struct({ leaderId: int32.default(-1), leaderEpoch: int32.default(-1) })

/** Where the leaders of `currentLeader` are. */
export const nodeEndpoints = array({ nodeId: int32, host: string, port: int32, rack: nullableString.default(null) })

/** Partitions by topic id, as a consumer group's member holds or wants them. */
export const topicPartitions = { topicId: uuid, partitions: array(int32) }

/** What became of one thing of several that were asked for. */
export const outcome = { errorCode: int16, errorMessage: nullableString }

/** What a client may do with something, told to one that did not ask. */
export const operationsNotAsked = -2_147_483_648
