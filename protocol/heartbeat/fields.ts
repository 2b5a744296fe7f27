// What messages, subjects and reports are made of: names, numbers, and their limits.
import type { Static } from 'typebox'
import { Type } from '../json-schema/index.ts'

export const limit = { subjects: 10_000, partitions: 10_000, members: 10_000, name: 249, text: 2_000 }

export const name = Type.String({ minLength: 1, maxLength: limit.name })
export const text = Type.String({ maxLength: limit.text })
export const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** Bounded so that a version, which contains it, stays a safe integer. It rises with each start of a Castle. */
export const castleEpochMax = 2 ** 21 - 1
export const castleEpoch = Type.Integer({ minimum: 0, maximum: castleEpochMax })
/** Monotonic; contains the Castle epoch, see `versionOf`. */
export const version = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const brokerId = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })
export const topicId = Type.String({ minLength: 36, maxLength: 36 })
export const partitionIndex = Type.Integer({ minimum: 0, maximum: 1_000_000 })

/** Kafka's leader epochs have 32 bits. */
export const leaderEpochMax = 2_147_483_647
/**
 * The highest that a broker may report: what Castle gives next is above every epoch reported, and must still fit. A report with
 * a higher one is refused, and its link closed: such a log is damaged, or its broker lies.
 */
export const leaderEpochReportedMax = 2_000_000_000
export const leaderEpoch = Type.Integer({ minimum: 0, maximum: leaderEpochMax })

/** topic id -> partitions */
export const partitionsByTopic = Type.Record(topicId, Type.Array(partitionIndex, { maxItems: limit.partitions }), {
  maxProperties: limit.subjects,
})
export type PartitionsByTopic = Static<typeof partitionsByTopic>

export const replicas = Type.Array(brokerId, { maxItems: 100 })

const changesPerCastleEpoch = 2 ** 32

/** A subject's version: rises within a Castle epoch, and any version of a later epoch is higher (R14). */
export function versionOf(castleEpoch: number, change: number): number {
  return castleEpoch * changesPerCastleEpoch + change
}

/** The Castle epoch that a version belongs to. */
export function castleEpochOf(version: number): number {
  return Math.floor(version / changesPerCastleEpoch)
}
