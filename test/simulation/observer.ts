// Looks at a simulated platform from outside, with the plain Kafka client: what is committed, and what stands in the logs.
import { type Runtime, silentLogger, sleep } from '@castellan/protocol/runtime'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import type { Stored } from '../checkers/index.ts'
import { type Cluster, group, topic } from './cluster.ts'

const decoder = new TextDecoder()
const bootstrap = [1, 2, 3].map((id) => ({ host: `broker-${id}`, port: 9092 }))

function observe(runtime: Runtime): Admin {
  return new Admin(new KafkaClient(runtime, { bootstrap, clientId: 'observer' }, silentLogger))
}

/** Notes the group's committed offsets twice a second, for as long as the run lasts; a coordinator that is away is asked again. */
export async function watchCommits(cluster: Cluster, runtime: Runtime): Promise<void> {
  const admin = observe(runtime)
  for (;;) {
    const offsets = await admin.groupOffsets(group).catch((error: unknown) => noteAway(cluster, error))
    for (const { partition, offset } of offsets) {
      if (offset >= 0) cluster.recorder.commits.push({ partition, offset, atMs: cluster.scheduler.nowMs })
    }
    await sleep(runtime.clock, 500)
  }
}

/** While faults go on nothing can be seen now and then; that is what the progress checks at the end are for. */
function noteAway(cluster: Cluster, error: unknown): [] {
  cluster.scheduler.trace(() => `observer: ${error instanceof Error ? error.message : String(error)}`)
  return []
}

/** Every record of the topic, by partition. */
export async function readLogs(cluster: Cluster, runtime: Runtime): Promise<Map<number, Stored[]>> {
  const admin = observe(runtime)
  const stored = new Map<number, Stored[]>()
  for (let partition = 0; partition < cluster.shape.partitions; partition++) {
    const records: Stored[] = []
    for (let offset = 0; ; ) {
      const { messages, nextOffset, highWatermark } = await admin.read({ topic, partition, offset, messagesMax: 1_000 })
      for (const message of messages) {
        const { key, n } = JSON.parse(decoder.decode(message.value ?? new Uint8Array(0)))
        records.push({ key, n, offset: message.offset })
      }
      offset = nextOffset
      if (offset >= highWatermark) break
    }
    stored.set(partition, records)
  }
  return stored
}
