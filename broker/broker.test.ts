// A whole broker on this machine's disk and sockets, with a Castle that says what the test wants.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTopics,
  fetch,
  initProducerId,
  listOffsets,
  metadata,
  produce,
  type ResponseOf,
} from '@castellan/protocol'
import type { PartitionState } from '@castellan/protocol/heartbeat'
import { buildBatch, iterateRecords } from '@castellan/protocol/records'
import { LoopWatch, nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Broker } from './broker.ts'
import { type BrokerConfig, brokerConfig } from './config.ts'
import { MetricsServer } from './metrics/http.ts'
import { TestClient } from './testing/client.ts'
import { FakeCastle, ledBy } from './testing/fake-castle.ts'

const topicId = '11111111-1111-4111-8111-111111111111'
let dataFolder: string
let castle: FakeCastle
const ends: (() => Promise<unknown> | unknown)[] = []

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'castellan-broker-'))
  castle = new FakeCastle()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(dataFolder, { recursive: true })
})

async function start(given: Partial<BrokerConfig> = {}, onReplaced?: (reason: string) => void): Promise<Broker> {
  const listen = { host: '127.0.0.1', port: 0 }
  const config = brokerConfig({ brokerId: 1, castle: ['http://castle:1'], dataFolder, listen, ...given })
  const options = { poison: true, ...(onReplaced && { onReplaced }) }
  const broker = await Broker.start(castle.runtime(nodeRuntime()), config, silentLogger, options)
  ends.push(() => broker.stop())
  return broker
}

async function connect(broker: Broker): Promise<TestClient> {
  const client = await TestClient.connect(nodeRuntime(), broker.address)
  ends.push(() => client.close())
  return client
}

/** Castle tells of this broker, and of the topic `orders` that it leads at `leaderEpoch`. */
function lead(broker: Broker, leaderEpoch = 1): Promise<boolean> {
  castle.setCluster([{ id: 1, ...broker.address, rack: null, brokerEpoch: 1 }])
  castle.setTopic({ topicId, name: 'orders', partitions: [ledBy(1, leaderEpoch)] })
  return broker.metadata.when(() => broker.partitions.get(topicId, 0)?.leaderEpoch === leaderEpoch, 5_000)
}

async function send(client: TestClient, ...values: string[]): Promise<[errorCode: number, baseOffset: number]> {
  const records = buildBatch({
    records: values.map((value) => ({ key: null, value: Buffer.from(value), headers: [], timestamp: 1 })),
  })
  const topicData = [{ name: 'orders', partitionData: [{ index: 0, records }] }]
  const answer = await client.request(produce, 9, { acks: -1, timeoutMs: 5_000, topicData })
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  return [errorCode, baseOffset]
}

async function read(client: TestClient, fetchOffset = 0): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }]
  const answer = await client.request(fetch, 12, {
    maxWaitMs: 5_000,
    minBytes: 1,
    topics: [{ topic: 'orders', partitions }],
    forgottenTopicsData: [],
  })
  return valuesIn(answer, fetchOffset)
}

function valuesIn(answer: ResponseOf<typeof fetch>, from: number): string[] {
  const values: string[] = []
  const { records } = answer.responses[0]!.partitions[0]!
  for (let at = 0; records && at < records.length; ) {
    for (const { offset, value } of iterateRecords(records, at))
      if (offset >= from) values.push(Buffer.from(value ?? []).toString())
    at += 12 + Buffer.from(records.buffer, records.byteOffset + at + 8, 4).readInt32BE(0)
  }
  return values
}

describe('a new process', () => {
  test('listens, tells Castle who it is, and leads nothing until it is told (R5)', async () => {
    const broker = await start()
    const client = await connect(broker)
    expect(await send(client, 'a')).toEqual([5, -1])
    expect(await lead(broker)).toBe(true)
    expect(castle.report).toMatchObject({
      kind: 'broker',
      cluster: 'default',
      ...broker.address,
      stopping: false,
      producerIdsBegun: -1,
    })
    expect(await send(client, 'a')).toEqual([0, 0])
  })

  test('says where it is advertised, not where it listens', async () => {
    const broker = await start({ advertise: { host: 'kafka.example', port: 9999 } })
    expect(broker.address).toEqual({ host: 'kafka.example', port: 9999 })
  })

  test('a port in use stops the start, and leaves nothing half-started behind', async () => {
    const first = await start()
    const second = { dataFolder: join(dataFolder, 'second'), brokerId: 2 }
    await expect(start({ ...second, listen: first.address })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
    await start(second)
  })

  test('the folder of another broker stops the start', async () => {
    await (await start()).stop()
    await expect(start({ brokerId: 2 })).rejects.toMatchObject({ code: 'DATA_FOLDER_FOREIGN' })
  })
})

describe('what is produced is consumed', () => {
  test('at the offsets that were told, by a reader that waits too', async () => {
    const broker = await start()
    await lead(broker)
    const [producer, consumer] = [await connect(broker), await connect(broker)]
    const waiting = read(consumer)
    expect(await send(producer, 'a', 'b')).toEqual([0, 0])
    expect(await waiting).toEqual(['a', 'b'])
    expect(await send(producer, 'c')).toEqual([0, 2])
    expect(await read(consumer, 1)).toEqual(['b', 'c'])
    const topics = [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
    const offsets = await consumer.request(listOffsets, 7, { topics })
    expect(offsets.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, offset: 3, leaderEpoch: 1 })
  })

  test('without Castle too (R10)', async () => {
    const broker = await start()
    await lead(broker)
    castle.isReachable = false
    castle.cut()
    const client = await connect(broker)
    expect(await send(client, 'a')).toEqual([0, 0])
    expect(await read(client)).toEqual(['a'])
    expect(broker.castle.connected).toBe(false)
  })

  test('after a restart, once a new epoch was given; before that nothing is led', async () => {
    const before = await start()
    await lead(before)
    expect(await send(await connect(before), 'a')).toEqual([0, 0])
    await before.stop()
    // Castle says again what it said to the process before.
    const after = await start()
    const client = await connect(after)
    await after.metadata.when(() => after.metadata.topicNamed('orders') !== undefined, 5_000)
    expect((await send(client, 'b'))[0]).toBe(6)
    expect(castle.report?.logs).toMatchObject([{ topicId, partition: 0, leaderEpoch: 1, fault: null }])
    await lead(after, 2)
    expect(await send(client, 'b')).toEqual([0, 1])
    expect(await read(client)).toEqual(['a', 'b'])
  })
})

test('says from its second start on with which broker epoch its logs were first registered (R8, R14)', async () => {
  const before = await start()
  expect(await lead(before)).toBe(true)
  expect(castle.report?.logsSince).toBeUndefined()
  const { logsId } = before.partitions
  await before.stop()
  castle.report = undefined
  const after = await start()
  await expect.poll(() => castle.report).toMatchObject({ logsId, logsSince: 1 })
  expect(after.partitions.logsId).toBe(logsId)
})

test('a Castle that went back in time is not followed, over restarts too (R14)', async () => {
  castle.castleEpoch = 5
  const before = await start()
  await lead(before)
  await before.stop()
  castle.castleEpoch = 4
  const after = await start()
  castle.heartbeats = 0
  void lead(after, 2)
  // The second heartbeat follows an answer that was ignored.
  await expect.poll(() => castle.heartbeats).toBeGreaterThan(1)
  expect(after.metadata.cluster).toBeUndefined()
  castle.castleEpoch = 6
  expect(await lead(after, 3)).toBe(true)
})

describe('what Castle does for clients', () => {
  test('CreateTopics: the topic can be used when the answer comes', async () => {
    const broker = await start()
    castle.setCluster([{ id: 1, ...broker.address, rack: null, brokerEpoch: 1 }])
    castle.onCall = ({ args }) => {
      const { name } = args as { name: string }
      castle.setTopic({ topicId, name, partitions: [ledBy(1)] })
      return { errorCode: 0, value: { topicId, partitions: 1, replicationFactor: 1, configs: {} } }
    }
    const client = await connect(broker)
    const topic = { name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
    const answer = await client.request(createTopics, 7, { topics: [topic], timeoutMs: 5_000 })
    expect(answer.topics).toMatchObject([{ errorCode: 0, topicId }])
    expect(await send(client, 'a')).toEqual([0, 0])
    expect((await client.request(metadata, 12, { topics: null })).topics).toMatchObject([{ name: 'orders', topicId }])
  })

  test('producer ids come from its blocks, never twice, over restarts too', async () => {
    const broker = await start()
    const client = await connect(broker)
    const ask = { transactionalId: null, transactionTimeoutMs: 0 }
    const first = client.request(initProducerId, 4, ask)
    castle.giveProducerIds(1, 4000, 1000)
    expect(await first).toMatchObject({ errorCode: 0, producerId: 4000, producerEpoch: 0 })
    expect(await client.request(initProducerId, 4, ask)).toMatchObject({ producerId: 4001 })
    await broker.stop()
    const again = await connect(await start())
    const next = again.request(initProducerId, 4, ask)
    castle.giveProducerIds(1, 5000, 1000)
    expect(await next).toMatchObject({ producerId: 5000 })
  })
})

describe('a stop', () => {
  test('is told to Castle, ends long polls, and is over when nothing listens any more', async () => {
    const broker = await start()
    await lead(broker)
    const client = await connect(broker)
    await send(client, 'a')
    const waiting = read(client, 1)
    await expect.poll(() => broker.counters.api(fetch.key).requests).toBe(1)
    const stopped = broker.stop()
    expect(await waiting).toEqual([])
    await stopped
    expect(castle.report?.stopping).toBe(true)
    await expect(connect(broker)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  describe('of one that leads what another can lead', () => {
    const ledTogether = (leader: number, leaderEpoch: number, isr: number[]): PartitionState => {
      return { leader, leaderEpoch, partitionEpoch: leaderEpoch, replicas: [1, 2], isr }
    }
    async function leadTogether(controlledShutdownMaxMs: number): Promise<Broker> {
      const broker = await start({ controlledShutdownMaxMs })
      const other = { id: 2, host: '127.0.0.1', port: 1, rack: null, brokerEpoch: 1 }
      castle.setCluster([{ id: 1, ...broker.address, rack: null, brokerEpoch: 1 }, other])
      castle.setTopic({ topicId, name: 'orders', partitions: [ledTogether(1, 1, [1, 2])] })
      await broker.metadata.when(() => broker.partitions.get(topicId, 0)?.isLeader === true, 5_000)
      return broker
    }

    test('serves on until Castle has moved it', async () => {
      const broker = await leadTogether(60_000)
      const client = await connect(broker)
      const stopped = broker.stop()
      await expect.poll(() => castle.report?.stopping).toBe(true)
      expect((await client.request(metadata, 12, { topics: null })).topics).toHaveLength(1)
      // Its new leader counts on it: still something to wait for.
      castle.setTopic({ topicId, name: 'orders', partitions: [ledTogether(2, 2, [1, 2])] })
      await broker.metadata.when(() => broker.metadata.partition(topicId, 0)?.leader === 2, 5_000)
      expect((await client.request(metadata, 12, { topics: null })).topics).toHaveLength(1)
      castle.setTopic({ topicId, name: 'orders', partitions: [ledTogether(2, 2, [2])] })
      await stopped
    })

    test('waits no longer than controlled.shutdown.max.ms', async () => {
      await (await leadTogether(50)).stop()
    })

    test('waits no longer when it is told to hurry', async () => {
      const broker = await leadTogether(60_000)
      const stopped = broker.stop()
      broker.hurry()
      await stopped
    })
  })

  test('comes also when a newer process has this broker id', async () => {
    const onReplaced = vi.fn()
    const broker = await start({}, onReplaced)
    await expect.poll(() => broker.castle.connected).toBe(true)
    castle.stopSenders('broker 1 runs elsewhere')
    await expect.poll(() => onReplaced).toHaveBeenCalledWith('broker 1 runs elsewhere')
    await expect(connect(broker)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('metrics', () => {
  const loop = new LoopWatch(silentLogger)
  afterAll(() => loop.stop())

  async function get(path: string, server: MetricsServer) {
    const response = await globalThis.fetch(`http://127.0.0.1:${server.address.port}${path}`)
    return { status: response.status, text: await response.text() }
  }

  test('count what was done, and health says how it is', async () => {
    const server = await MetricsServer.listen({ host: '127.0.0.1', port: 0 }, loop)
    ends.push(() => server.close())
    expect((await get('/health', server)).status).toBe(503)
    const broker = await start()
    server.serve(broker)
    await lead(broker)
    const client = await connect(broker)
    await send(client, 'a')
    await client.request(metadata, 9, { topics: [{ name: 'nothing' }] })
    const { status, text } = await get('/metrics', server)
    expect(status).toBe(200)
    expect(text).toContain('castellan_broker_requests_total{api="Produce"} 1')
    expect(text).toContain('castellan_broker_request_errors_total{api="Metadata",error="UNKNOWN_TOPIC_OR_PARTITION"} 1')
    expect(text).toContain('castellan_broker_partition_high_watermark{topic="orders",partition="0"} 1')
    expect(text).toContain('castellan_broker_partition_leader_epoch{topic="orders",partition="0"} 1')
    expect(text).toContain('castellan_broker_castle_connected 1')
    expect(text).toMatch(/castellan_broker_loop_block_seconds_bucket\{le="\+Inf"\} \d/)
    expect(text).toMatch(/castellan_broker_request_seconds_bucket\{api="Produce",le="\+Inf"\} 1/)
    // docs/metrics.md lists what is served, no more and no less.
    const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'metrics.md'), 'utf8')
    const listed = page.matchAll(/^\| `(castellan_broker_\w+)` \| (\w+) \|.*\| (.*) \|$/gm)
    const served = text.matchAll(/^# HELP (castellan_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)
    expect([...listed].map(([, name, type, help]) => `${name} ${type} ${help}`)).toEqual(
      [...served].map(([, name, help, type]) => `${name} ${type} ${help}`).sort(),
    )
    expect(await get('/health', server)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"castle":"connected"'),
    })
    expect((await get('/nothing', server)).status).toBe(404)
    await broker.stop()
    expect((await get('/health', server)).status).toBe(503)
  })

  test('an address in use says so', async () => {
    const server = await MetricsServer.listen({ host: '127.0.0.1', port: 0 }, loop)
    ends.push(() => server.close())
    await expect(MetricsServer.listen(server.address, loop)).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })
})
