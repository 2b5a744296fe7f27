// DescribeLogDirs (35), versions 1 to 4: how large each log on this broker is, and how many messages a follower lacks of what its leader
// said to be committed. One folder; how much room its disk has is not known here (-1).
//
//   2 flexible   3 an error of the whole   4 size of the disk
import { describeLogDirs as api, type DescribeLogDirsRequest as Request } from '@castellan/protocol'
import type { Partition } from '../partition/index.ts'
import { type BrokerParts, handler } from './handler.ts'

export const describeLogDirs = handler(api, ({ topics }, { broker }) => {
  const found = new Map<string, Partition[]>()
  for (const partition of asked(broker, topics)) {
    const others = found.get(partition.topic)
    if (others === undefined) found.set(partition.topic, [partition])
    else others.push(partition)
  }
  const described = [...found].map(([name, partitions]) => ({ name, partitions: partitions.map(describe) }))
  return { results: [{ errorCode: 0, logDir: broker.config.dataFolder, topics: described }] }
})

/** Logs of topics that this broker was told of: a stray one may not even know its name. */
function* asked({ metadata, partitions }: BrokerParts, topics: Request['topics']): Iterable<Partition> {
  if (topics === null) {
    for (const partition of partitions.all()) {
      if (metadata.topicWithId(partition.topicId) !== undefined) yield partition
    }
    return
  }
  for (const { topic: name, partitions: indexes } of topics) {
    const topic = metadata.topicNamed(name)
    for (const index of new Set(indexes)) {
      const partition = topic && partitions.get(topic.topicId, index)
      if (partition !== undefined) yield partition
    }
  }
}

function describe({ index, bytes, highWatermark, endOffset }: Partition) {
  return {
    partitionIndex: index,
    partitionSize: bytes,
    offsetLag: Math.max(0, highWatermark - endOffset),
    isFutureKey: false,
  }
}
