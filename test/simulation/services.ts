// The services of a simulated run: producers that never give up, consumers that take their time, and a reader without a group.
import { type Runtime, silentLogger, sleep } from '@castellan/protocol/runtime'
import { connectWith } from '@castellan/sdk'
import { Admin, CastellanError, KafkaClient } from '@castellan/sdk/kafka'
import { castleUrl, type Process } from '@castellan/testing/simulator'
import type { Cluster } from './cluster.ts'
import { messageOf } from './disk-logs.ts'
import { nameOf, planOf, type ServicePlan } from './topics.ts'

const keysPerTopic = 4
/** Longer than all faults together: whatever happens, a service comes up by and by. */
const connectTimeoutMs = 300_000

function connect(cluster: Cluster, process: Process) {
  const options = { castle: castleUrl, service: process.name, connectTimeoutMs, log: cluster.logOf(process) }
  return connectWith(process.runtime, options, process.whereabouts)
}

/** Sends the messages of its keys in turn, without waiting for one before it sends the next. Keys are this process's own. */
export async function runProducer(cluster: Cluster, process: Process, plan: ServicePlan): Promise<void> {
  const { recorder, scheduler, shape } = cluster
  const life = cluster.lives(process)
  const producer = (await connect(cluster, process)).producer()
  const next = new Map<string, number>()
  while (scheduler.nowMs < shape.sendUntilMs) {
    const topic = process.random.pick(plan.topics)
    const key = `${life}:${topic}-${process.random.between(0, keysPerTopic)}`
    const n = next.get(key) ?? 0
    next.set(key, n + 1)
    const message = { topic, key, n, sentMs: scheduler.nowMs }
    recorder.send(life, message)
    producer.send({ topic, key, value: JSON.stringify({ key, n }) }).then(
      (at) => {
        const leaderEpoch = cluster.castleWatch.epochOf({ ...message, ...at })
        recorder.acknowledge(life, message, { ...at, leaderEpoch }, planOf(topic)!.ackLevel, scheduler.nowMs)
      },
      (error: unknown) => recorder.fail(life, message, error instanceof Error ? error.message : String(error)),
    )
    await sleep(process.runtime.clock, process.random.between(10, 2 * shape.sendEveryMs))
  }
}

export async function runConsumer(
  cluster: Cluster,
  process: Process,
  { group, topics }: ServicePlan & { readonly group: string },
): Promise<void> {
  const { recorder, scheduler } = cluster
  const { clock } = process.runtime
  const member = cluster.lives(process)
  const consumer = (await connect(cluster, process)).consumer({ group, topics: [...topics], start: 'earliest' })
  await consumer.run(async (message, { signal, assignmentEpoch: epoch }) => {
    const { offset, leaderEpoch } = message
    const where = { partition: nameOf(message.topic, message.partition), offset, leaderEpoch }
    const what = { ...messageOf(message.value), ...where }
    const entry = recorder.begin({ group, member, ...what, epoch, startMs: scheduler.nowMs })
    try {
      await sleep(clock, process.random.chance(0.02) ? 1_000 : process.random.between(0, 10), signal)
      recorder.end(entry, scheduler.nowMs, true)
    } catch (error) {
      recorder.end(entry, scheduler.nowMs, false)
      throw error
    }
  })
}

/** Reads every partition of its topics from the start to its end, over and over again where the end is. */
export async function runReader(cluster: Cluster, process: Process, { topics }: ServicePlan): Promise<void> {
  const admin = adminOf(cluster, process.runtime)
  const partitions = topics.flatMap((topic) =>
    Array.from({ length: planOf(topic)!.partitions }, (_, partition) => ({ topic, partition, offset: 0, atMs: 0 })),
  )
  for (const topic of topics) void watchEnds(cluster, process, admin, topic)
  await Promise.all(
    partitions.map(async (at) => {
      for (;;) {
        await readOn(cluster, process, admin, at).catch((error: unknown) => {
          cluster.note(`reader: ${reasonOf(error)}`)
          // Nobody may be sent back to the start but by a loss that was counted (R3).
          if (error instanceof CastellanError && error.code === 'OFFSET_OUT_OF_RANGE') {
            cluster.coverage.count('reader was reset')
            cluster.wasSentBack(process.name, nameOf(at.topic, at.partition), { offset: at.offset, atMs: at.atMs }, 0)
            at.offset = 0
          }
        })
        await sleep(process.runtime.clock, process.random.between(200, 600))
      }
    }),
  )
}

/** Asks where a topic ends, as a consumer does that starts at the latest. */
async function watchEnds(cluster: Cluster, process: Process, admin: Admin, topic: string): Promise<void> {
  const { recorder, scheduler } = cluster
  for (;;) {
    const askedMs = scheduler.nowMs
    const ends = await admin.offsets(topic, 'latest').catch((error: unknown) => {
      cluster.note(`reader: ${reasonOf(error)}`)
      return []
    })
    for (const { partition, offset } of ends) {
      const reader = cluster.lives(process)
      // One partition's answer may be far older than the last one's.
      const atMs = scheduler.nowMs
      recorder.seenEnds.push({ reader, partition: nameOf(topic, partition), offset, askedMs, atMs })
    }
    await sleep(process.runtime.clock, 500)
  }
}

interface Position {
  readonly topic: string
  readonly partition: number
  offset: number
  /** When it was reached. */
  atMs: number
}

async function readOn(cluster: Cluster, process: Process, admin: Admin, at: Position): Promise<void> {
  const { recorder, scheduler } = cluster
  const found = await admin.read({ ...at, messagesMax: 1_000 })
  const partition = nameOf(at.topic, at.partition)
  const seen = { reader: cluster.lives(process), partition, atMs: scheduler.nowMs }
  for (const message of found.messages) {
    const { offset, leaderEpoch } = message
    recorder.reads.push({ ...seen, ...messageOf(message.value), offset, leaderEpoch })
  }
  if (found.nextOffset > at.offset) at.atMs = scheduler.nowMs
  at.offset = found.nextOffset
}

export function adminOf(cluster: Cluster, runtime: Runtime): Admin {
  const bootstrap = cluster.brokerNames.map((host) => ({ host, port: 9092 }))
  return new Admin(new KafkaClient(runtime, { bootstrap, clientId: 'observer' }, silentLogger))
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
