// The services of a simulated run: a producer that never gives up, consumers that take their time, and an observer
// who looks from outside, as any Kafka client could.
import { sleep } from '@castellan/protocol/runtime'
import { connectWith } from '@castellan/sdk'
import { castleUrl, type Process, processLog } from '@castellan/testing/simulator'
import { type Cluster, group, topic } from './cluster.ts'

const decoder = new TextDecoder()

/** Sends the messages of its keys in turn, without waiting for one before it sends the next. */
export async function runProducer(cluster: Cluster, process: Process): Promise<void> {
  const { recorder, scheduler, shape } = cluster
  const castellan = await connectWith(process.runtime, {
    castle: castleUrl,
    service: 'producer',
    log: processLog(process),
  })
  const producer = castellan.producer()
  const next = new Map<string, number>()
  for (let i = 0; i < shape.messages; i++) {
    const key = `key-${process.random.between(0, shape.keys)}`
    const n = next.get(key) ?? 0
    next.set(key, n + 1)
    const message = { key, n }
    recorder.sent.push(message)
    producer.send({ topic, key, value: JSON.stringify(message) }).then(
      ({ partition, offset }) => recorder.acknowledged.push({ ...message, partition, offset, atMs: scheduler.nowMs }),
      (error: unknown) => recorder.failed.push({ ...message, error }),
    )
    await sleep(process.runtime.clock, process.random.between(10, 70))
  }
}

export async function runConsumer(cluster: Cluster, process: Process): Promise<void> {
  const { recorder, scheduler } = cluster
  const { clock } = process.runtime
  const castellan = await connectWith(process.runtime, {
    castle: castleUrl,
    service: 'worker',
    log: processLog(process),
  })
  const consumer = castellan.consumer({ group, topics: [topic], start: 'earliest' })
  await consumer.run(async (message, { signal, assignmentEpoch }) => {
    const { key, n } = JSON.parse(decoder.decode(message.value ?? new Uint8Array(0)))
    const { partition, offset } = message
    const entry = recorder.begin({
      key,
      n,
      member: process.name,
      partition,
      offset,
      epoch: assignmentEpoch,
      startMs: scheduler.nowMs,
    })
    try {
      await sleep(clock, process.random.chance(0.02) ? 1_000 : process.random.between(0, 10), signal)
      recorder.end(entry, scheduler.nowMs, true)
    } catch (error) {
      recorder.end(entry, scheduler.nowMs, false)
      throw error
    }
  })
}
