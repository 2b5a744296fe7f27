// Record batches v2: the bytes in which records travel and are stored.
export {
  BatchBuilder,
  type BatchOptions,
  buildBatch,
  type RecordHeader,
  type RecordInput,
  recordBytesMax,
} from './build.ts'
export { checkRecords } from './check.ts'
export {
  type Compression,
  compress,
  compressionOf,
  compressions,
  decompress,
  decompressedBytesMaxDefault,
} from './compression.ts'
export { crc32c, verifyCrc } from './crc.ts'
export { RecordError, type RecordErrorCode } from './errors.ts'
export {
  type BatchHeader,
  batchBytes,
  batchStarts,
  headerBytes,
  isControl,
  isLogAppendTime,
  isTransactional,
  patchBatch,
  patchProducer,
  readBatchHeader,
} from './header.ts'
export { murmur2, partitionForKey } from './partitioner.ts'
export { iterateRecords, type Rec, type RecHeader } from './read.ts'
