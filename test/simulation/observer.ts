// Looks at a simulated platform from outside with the plain Kafka client, and into its disks when all is over.
import { type Runtime, sleep } from '@castellan/protocol/runtime'
import type { Admin } from '@castellan/sdk/kafka'
import type { ReplicaLog, Stored } from '../checkers/index.ts'
import type { Cluster } from './cluster.ts'
import { batchesIn, folderOf, messageOf } from './disk-logs.ts'
import { adminOf } from './services.ts'
import { nameOf, topicPlans } from './topics.ts'

/** Notes the group's committed offsets twice a second, for as long as the run lasts; a coordinator that is away is asked again. */
export async function watchCommits(cluster: Cluster, runtime: Runtime, group: string): Promise<void> {
  const { recorder, scheduler } = cluster
  const admin = adminOf(cluster, runtime)
  for (;;) {
    const offsets = await admin.groupOffsets(group).catch((error: unknown) => noteAway(cluster, error))
    for (const { topic, partition, offset } of offsets) {
      if (offset < 0) continue
      recorder.commit({ group, partition: nameOf(topic, partition), offset, atMs: scheduler.nowMs })
    }
    await sleep(runtime.clock, 500)
  }
}

/** While faults go on nothing can be seen now and then; that is what the progress checks at the end are for. */
function noteAway(cluster: Cluster, error: unknown): [] {
  cluster.note(`observer: ${error instanceof Error ? error.message : String(error)}`)
  return []
}

/** Every record of every topic, by partition. One that cannot be read is left out: it has no leader, and the checkers see that. */
export async function readLogs(cluster: Cluster, runtime: Runtime): Promise<void> {
  const admin = adminOf(cluster, runtime)
  const places = topicPlans.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  )
  const reading = places.map(async ({ topic, partition }) => {
    const records = await readLog(admin, topic, partition)
    cluster.recorder.stored.set(nameOf(topic, partition), records)
  })
  for (const result of await Promise.allSettled(reading))
    if (result.status === 'rejected') noteAway(cluster, result.reason)
}

async function readLog(admin: Admin, topic: string, partition: number): Promise<Stored[]> {
  const records: Stored[] = []
  for (let offset = 0; ; ) {
    const { messages, nextOffset, highWatermark } = await admin.read({ topic, partition, offset, messagesMax: 1_000 })
    for (const message of messages) {
      records.push({ ...messageOf(message.value), offset: message.offset })
    }
    offset = nextOffset
    if (offset >= highWatermark) return records
  }
}

/** What stands on the brokers' disks, of each replica that Castle knows. */
export function readReplicas(cluster: Cluster): ReplicaLog[] {
  const found: ReplicaLog[] = []
  for (const [index, name] of cluster.brokerNames.entries()) {
    for (const partition of cluster.broker(name)?.partitions.all() ?? []) {
      const { topicId, topic, index: number, fault, startOffset, endOffset, highWatermark } = partition
      const decided = cluster.castleWatch.topics.get(topicId)?.partitions[number]
      if (fault !== null || decided === undefined || !decided.replicas.includes(index + 1)) continue
      // A flipped bit that nobody has read yet is no disagreement.
      const folder = folderOf(topicId, number)
      if (cluster.damage.hasFlaw(index + 1, `${folder}/`)) continue
      found.push({
        partition: nameOf(topic, number),
        broker: index + 1,
        startOffset,
        endOffset,
        highWatermark,
        inSync: decided.isr.includes(index + 1),
        batches: batchesIn(cluster.machine(name).platters, folder),
      })
    }
  }
  return found
}
