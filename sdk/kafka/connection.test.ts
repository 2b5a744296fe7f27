import { apiVersions, encodeResponse, errors, findCoordinator, initProducerId } from '@castellan/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeBroker } from '../testing/fake-broker.ts'

let broker: FakeBroker

beforeEach(async () => {
  broker = await FakeBroker.start()
})

afterEach(async () => {
  await broker.stop()
})

const ask = { transactionalId: null, transactionTimeoutMs: 1 }
const given = { errorCode: 0, producerId: 7, producerEpoch: 0 }

test('requests are pipelined, and each gets its own answer', async () => {
  let id = 0
  broker.on(initProducerId, () => ({ ...given, producerId: id++ }))
  const client = broker.client()
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.dispatch(initProducerId, ask)))
  expect(answers.map(({ producerId }) => producerId)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  expect(broker.connections).toBe(1)
})

test('lanes are connections of their own', async () => {
  broker.on(initProducerId, () => given)
  const client = broker.client()
  for (const lane of ['a', 'b', 'a']) await client.dispatch(initProducerId, ask, { lane })
  expect(broker.connections).toBe(2)
})

test('the newest version that both sides know is spoken', async () => {
  const versions: number[] = []
  broker.on(initProducerId, (_, version) => {
    versions.push(version)
    return given
  })
  broker.on(apiVersions, () => ({
    errorCode: 0,
    apiKeys: [{ apiKey: initProducerId.key, minVersion: 0, maxVersion: 3 }],
  }))
  const client = broker.client()
  await client.dispatch(initProducerId, ask)
  await client.dispatch(initProducerId, ask, { versionMax: 1 })
  expect(versions).toEqual([3, 1])
  await expect(client.dispatch(initProducerId, ask, { versionMin: 4 })).rejects.toMatchObject({
    code: 'VERSION_UNSUPPORTED',
    message: 'the broker speaks InitProducerId in versions 0 to 3, this client needs 4 to 5',
  })
  await expect(client.dispatch(findCoordinator, { coordinatorKeys: ['g'] })).rejects.toMatchObject({
    code: 'VERSION_UNSUPPORTED',
  })
})

test('who waits for a connection to a broker that hangs hears at once that Castle calls it gone', async () => {
  const client = broker.client()
  const up = { id: 1, ...broker.address, rack: null, brokerEpoch: 1 }
  const cluster = { id: 'c', kind: 'castellan' as const, environment: 'test', flags: {} }
  client.view.tellCluster({ ...cluster, brokers: [up] })
  broker.hang()
  const asking = client.dispatch(initProducerId, ask, { broker: 1 })
  await expect.poll(() => broker.connections).toBe(1)
  client.view.tellCluster({ ...cluster, brokers: [] })
  await expect(asking).rejects.toMatchObject({ code: 'CONNECT_FAILED', message: expect.stringContaining('gone') })
})

test('an older broker says in v0 which versions of ApiVersions it knows', async () => {
  const asked: number[] = []
  broker.on(initProducerId, () => given)
  const v0 = [{ apiKey: initProducerId.key, minVersion: 0, maxVersion: 1 }]
  broker.on(apiVersions, (_, version) => {
    asked.push(version)
    return { errorCode: version === 0 ? 0 : errors.UNSUPPORTED_VERSION.code, apiKeys: v0 }
  })
  broker.oldApiVersions = true
  expect(await broker.client().dispatch(initProducerId, ask)).toMatchObject(given)
  expect(asked).toEqual([4, 0])
})

test('a connection that ends in the turn in which it began is not kept', async () => {
  const apiKeys = [{ apiKey: initProducerId.key, minVersion: 0, maxVersion: 5 }]
  const versions = encodeResponse(apiVersions, 4, 0, { errorCode: 0, apiKeys })
  const garbage = Buffer.from([0, 0, 0, 4, 0, 0, 0, 99]) // an answer to what was not asked
  let connections = 0
  const { network } = broker.runtime
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (wire) => {
    connections++
    const onRead = () => void wire.write([...versions, garbage])
    wire.start({ readBuffer: () => Buffer.alloc(1024), onRead, onDrain: () => {}, onClose: () => {} })
  })
  const client = broker.client()
  client.bootstrap = [listener.address]
  for (let times = 1; times <= 3; times++) {
    await expect(client.dispatch(initProducerId, ask)).rejects.toMatchObject({ retriable: true })
    expect(connections).toBe(times)
  }
  await listener.close()
})

test('a connection that breaks fails what was under way, and the next request opens another', async () => {
  let times = 0
  broker.on(initProducerId, () => (++times < 2 ? 'close' : given))
  const client = broker.client()
  await expect(client.dispatch(initProducerId, ask)).rejects.toMatchObject({ code: 'CONNECTION_LOST', retriable: true })
  expect(await client.dispatch(initProducerId, ask)).toMatchObject(given)
  expect(broker.connections).toBe(2)
})

test('a request that is not answered in time ends its connection, and what waits behind it', async () => {
  broker.on(initProducerId, () => 'silence')
  const client = broker.client()
  const late = client.dispatch(initProducerId, ask, { timeoutMs: 20 })
  const behind = client.dispatch(initProducerId, ask)
  await expect(late).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', retriable: true })
  await expect(behind).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
})

test('an aborted request leaves the connection and those behind it alone', async () => {
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  broker.on(initProducerId, async () => {
    await held
    return given
  })
  const client = broker.client()
  const abort = new AbortController()
  const first = client.dispatch(initProducerId, ask, { signal: abort.signal })
  const second = client.dispatch(initProducerId, ask)
  abort.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  release()
  expect(await second).toMatchObject(given)
  expect(broker.connections).toBe(1)
})

test('request tries again while the trouble is the network, dispatch does not', async () => {
  let times = 0
  broker.on(initProducerId, () => (++times < 4 ? 'close' : given))
  const client = broker.client()
  expect(await client.request(initProducerId, ask)).toMatchObject(given)
  expect(times).toBe(4)
})

test('nobody listens', async () => {
  const client = broker.client()
  await broker.stop()
  await expect(client.dispatch(initProducerId, ask)).rejects.toMatchObject({ code: 'CLOSED' })
  const other = await FakeBroker.start()
  const orphan = other.client()
  await other.stopListening()
  await expect(orphan.dispatch(initProducerId, ask)).rejects.toMatchObject({ code: 'CONNECT_FAILED', retriable: true })
  await expect(orphan.dispatch(initProducerId, ask, { broker: 9 })).rejects.toMatchObject({ code: 'NO_BROKER' })
  await other.stop()
})

test('an answer to another request, or one that is cut off, ends the connection', async () => {
  broker.on(initProducerId, () => given)
  broker.garble = (bytes) => {
    bytes[7]! ^= 0x40 // correlation id
  }
  await expect(broker.client().dispatch(initProducerId, ask)).rejects.toMatchObject({
    code: 'PROTOCOL_BROKEN',
    retriable: true,
  })
})
