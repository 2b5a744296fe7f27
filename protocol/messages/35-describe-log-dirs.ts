// DescribeLogDirs: how large each log of a broker is, and how far behind.
//
// 2: flexible   3: an error of the whole   4: size of the disk
import {
  api,
  array,
  boolean,
  int16,
  int32,
  int64,
  nullableArray,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
  string,
} from '../schema/index.ts'

export const describeLogDirs = api(35, 'DescribeLogDirs', {
  versions: [1, 4],
  flexible: 2,
  request: { topics: nullableArray({ topic: string, partitions: array(int32) }) },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16.since(3),
    results: array({
      errorCode: int16,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({ partitionIndex: int32, partitionSize: int64, offsetLag: int64, isFutureKey: boolean }),
      }),
      /** -1: not known. */
      totalBytes: int64.since(4, -1),
      usableBytes: int64.since(4, -1),
    }),
  },
})

export type DescribeLogDirsRequest = RequestOf<typeof describeLogDirs>
export type DescribeLogDirsRequestInput = RequestInput<typeof describeLogDirs>
export type DescribeLogDirsResponse = ResponseOf<typeof describeLogDirs>
export type DescribeLogDirsResponseInput = ResponseInput<typeof describeLogDirs>
