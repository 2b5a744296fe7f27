// Where the fields of a record batch v2 stand.
//
//   0             8        12       16     17      21          23               27             35
//   | baseOffset  | length | epoch  | magic| crc   | attributes| lastOffsetDelta| baseTimestamp| ...
//                          └──── `length` counts from here ─────────────────────────────────────►
//                                                 └──── the CRC covers from here to the end ─────►
//   35             43           51              53             57            61
//   | maxTimestamp | producerId | producerEpoch | baseSequence | recordCount | records ...
//
// So a broker sets base offset and leader epoch in place without touching the CRC.

export const baseOffsetAt = 0
export const batchLengthAt = 8
export const partitionLeaderEpochAt = 12
export const magicAt = 16
export const crcAt = 17
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const producerIdAt = 43
export const producerEpochAt = 51
export const baseSequenceAt = 53
export const recordCountAt = 57
export const recordsAt = 61

/** What comes before the part that `batchLength` counts. */
export const prefixBytes = 12
/** The whole header: a batch is never shorter. */
export const headerBytes = recordsAt
