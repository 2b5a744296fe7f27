// A whole broker and real sockets: many clients that begin large requests and do not send them on, or ask for old data and
// do not take it, and what that costs.
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetch, type ProduceRequestInput, produce } from '@castellan/protocol'
import { buildBatch } from '@castellan/protocol/records'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../broker.ts'
import { type BrokerConfig, brokerConfig } from '../config.ts'
import { TestClient } from '../testing/client.ts'
import { FakeCastle, ledBy } from '../testing/fake-castle.ts'
import { requestBytes } from '../testing/fake-connection.ts'

const MiB = 1024 * 1024
const topicId = '11111111-1111-4111-8111-111111111111'
let dataFolder: string
const ends: (() => Promise<unknown> | unknown)[] = []

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'castellan-memory-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(dataFolder, { recursive: true })
})

async function start(given: Partial<BrokerConfig>): Promise<Broker> {
  const castle = new FakeCastle()
  const listen = { host: '127.0.0.1', port: 0 }
  const config = brokerConfig({ brokerId: 1, castle: ['http://castle:1'], dataFolder, listen, ...given })
  const broker = await Broker.start(castle.runtime(nodeRuntime()), config, silentLogger)
  ends.push(() => broker.stop())
  castle.setCluster([{ id: 1, ...broker.address, rack: null, brokerEpoch: 1 }])
  const configs = { 'max.message.bytes': String(32 * MiB) }
  castle.setTopic({ topicId, name: 'orders', configs, partitions: [ledBy(1, 1)] })
  await broker.metadata.when(() => broker.partitions.get(topicId, 0)?.leaderEpoch === 1, 5_000)
  return broker
}

/** The body of a request with one message. */
function bodyOf(valueBytes: number): ProduceRequestInput {
  const value = Buffer.alloc(valueBytes, 'x')
  const records = buildBatch({ records: [{ key: null, value, headers: [], timestamp: 1 }] })
  return { acks: -1, timeoutMs: 20_000, topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }] }
}

async function connect(broker: Broker): Promise<TestClient> {
  const client = await TestClient.connect(nodeRuntime(), broker.address)
  ends.push(() => client.close())
  return client
}

/** Its error code. */
async function send(client: TestClient, valueBytes: number): Promise<number> {
  const answer = await client.request(produce, 9, bodyOf(valueBytes))
  return answer.responses[0]!.partitionResponses[0]!.errorCode
}

/** A client that sends these bytes and nothing more. */
async function sendOnly(broker: Broker, bytes: Uint8Array): Promise<net.Socket> {
  const socket = net.connect(broker.address.port, broker.address.host)
  socket.on('error', () => {})
  ends.push(() => void socket.destroy())
  socket.write(bytes)
  return socket
}

/** Bytes that anybody in this process has for buffers. */
const buffers = () => process.memoryUsage().arrayBuffers

test('40 half-sent large requests keep to the bound; others go on; when they are gone memory is back, and a large one goes through', async () => {
  const bytesMax = 48 * MiB
  const broker = await start({ queuedMaxRequestBytes: bytesMax, connectionRequestStallMs: 60_000 })
  const { memory, slabs } = broker.server
  const large = requestBytes(produce, 9, 1, bodyOf(20 * MiB))
  const half = large.subarray(0, 8 * MiB)
  const buffersBefore = buffers()
  const sockets = await Promise.all(Array.from({ length: 40 }, () => sendOnly(broker, half)))
  await expect.poll(() => memory.waiting).toBe(39)
  const client = await connect(broker)
  expect(await send(client, 100)).toBe(0) // in its small slab
  expect(await send(client, 100_000)).toBe(0) // in a lane of its own
  expect(memory.waiting).toBe(39)
  expect(memory.usedBytes).toBeLessThan(bytesMax)
  expect(slabs.usedBytes).toBeLessThan(bytesMax)
  expect(buffers() - buffersBefore).toBeLessThan(bytesMax)

  for (const socket of sockets) socket.destroy()
  await expect.poll(() => [memory.waiting, broker.server.connections]).toEqual([0, 1])
  expect(await send(client, 20 * MiB)).toBe(0)
  // The client's slab stays its own; what the cache keeps is counted there; nothing else is held.
  expect(memory.usedBytes).toBeLessThanOrEqual(256 * 1024)
})

test('who does not send on what others wait for is closed, and the next gets its turn', async () => {
  const broker = await start({ queuedMaxRequestBytes: 32 * MiB, connectionRequestStallMs: 200 })
  const half = requestBytes(produce, 9, 1, bodyOf(19 * MiB)).subarray(0, MiB)
  const stalled = [await sendOnly(broker, half)]
  await expect.poll(() => broker.server.memory.usedBytes).toBeGreaterThan(19 * MiB)
  stalled.push(await sendOnly(broker, half))
  await expect.poll(() => broker.server.memory.waiting).toBe(1)
  const client = await connect(broker)
  expect(await send(client, 19 * MiB)).toBe(0)
  expect(broker.counters.connectionsStalled).toBe(2)
})

test('who does not send on what nobody waits for stays, though others wait for other memory', async () => {
  const broker = await start({ queuedMaxRequestBytes: 64 * MiB, connectionRequestStallMs: 20 })
  const { memory } = broker.server
  while (memory.claim(256 * 1024, fetch.key) !== null);
  memory.wait(256 * 1024, fetch.key, () => {})
  const large = requestBytes(produce, 9, 1, bodyOf(2 * MiB))
  const socket = await sendOnly(broker, large.subarray(0, MiB))
  await expect.poll(() => broker.server.memory.usedBytes).toBeGreaterThan(2 * MiB)
  const client = await connect(broker)
  for (let i = 0; i < 5; i++) expect(await send(client, 4 * MiB)).toBe(0)
  socket.write(large.subarray(MiB))
  await new Promise((resolve) => socket.once('data', resolve))
  expect(broker.counters.connectionsStalled).toBe(0)
})

describe('answers from files', () => {
  const asked = (partitionMaxBytes: number, fetchOffset = 0) => ({
    maxWaitMs: 100,
    minBytes: 1,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }],
  })
  const read = async (client: TestClient, bytes: number) => {
    const { errorCode, records } = (await client.request(fetch, 12, asked(bytes))).responses[0]!.partitions[0]!
    expect(errorCode).toBe(0)
    return records!.length
  }
  /** 12 MiB of old data. */
  async function startWithData(given: Partial<BrokerConfig>): Promise<Broker> {
    const broker = await start({ logCacheBytesMax: 0, ...given })
    const client = await connect(broker)
    for (let i = 0; i < 12; i++) expect(await send(client, MiB)).toBe(0)
    return broker
  }
  /** A client that asks for 8 MiB, four times, and takes nothing. */
  const askOnly = async (broker: Broker) => {
    const all = [1, 2, 3, 4].map((id) => requestBytes(fetch, 12, id, asked(8 * MiB)))
    const socket = await sendOnly(broker, Buffer.concat(all))
    socket.pause()
    return socket
  }

  test('50 x 4 that nobody takes keep to the bound; who does not take what others wait for is closed, and all others go on', async () => {
    const bytesMax = 32 * MiB
    const broker = await startWithData({ queuedMaxResponseBytes: bytesMax, connectionRequestStallMs: 400 })
    const { responseMemory } = broker
    const slabsBefore = broker.server.slabs.usedBytes
    const buffersBefore = buffers()
    let buffersMax = 0
    let usedMax = 0
    const look = setInterval(() => {
      buffersMax = Math.max(buffersMax, buffers() - buffersBefore)
      usedMax = Math.max(usedMax, responseMemory.usedBytes)
    }, 2)
    ends.push(() => clearInterval(look))
    await Promise.all(Array.from({ length: 50 }, () => askOnly(broker)))
    await expect.poll(() => responseMemory.waiting).toBeGreaterThan(20)
    const client = await connect(broker)
    expect(await send(client, 100)).toBe(0)
    expect(await read(client, 8 * MiB)).toBeGreaterThan(MiB) // in its turn
    expect(broker.counters.connectionsStalled).toBeGreaterThan(0)
    expect(usedMax).toBeGreaterThan(bytesMax / 2)
    expect(usedMax).toBeLessThanOrEqual(bytesMax)
    // Memory that was given back and is not collected yet, the requests' and the clients' own.
    expect(buffersMax).toBeLessThan(2 * bytesMax)
    expect(broker.server.slabs.usedBytes - slabsBefore).toBeLessThan(4 * MiB)
  })

  test('who does not take its answers stays while nobody waits, and gets them when it does', async () => {
    const broker = await startWithData({ queuedMaxResponseBytes: 64 * MiB, connectionRequestStallMs: 20 })
    const idle = await askOnly(broker)
    await expect.poll(() => broker.responseMemory.usedBytes).toBeGreaterThan(4 * MiB)
    const client = await connect(broker)
    for (let i = 0; i < 20; i++) expect(await read(client, 4 * MiB)).toBeGreaterThan(2 * MiB)
    expect(broker.counters.connectionsStalled).toBe(0)
    idle.resume()
    await expect.poll(() => broker.responseMemory.usedBytes).toBe(0)
  })
})
