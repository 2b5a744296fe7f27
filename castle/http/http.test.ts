// The API and the links over real sockets and a real store.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Heartbeat, versionOf } from '@castellan/protocol/heartbeat'
import { compileSchema } from '@castellan/protocol/json-schema'
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { castleConfig } from '../config.ts'
import { type RunningCastle, startCastle } from '../main.ts'
import { brokerLeaseMs, TestApi, until } from '../testing/api.ts'
import { TestBroker, TestClient } from '../testing/senders.ts'
import * as schemas from '../views/schemas/index.ts'
import { listOf, pageOf } from './lists.ts'
import { problem } from './problems.ts'

const root = mkdtempSync(join(tmpdir(), 'castellan-http-'))
const start = (dataFolder = join(root, 'main')) => {
  const listen = { host: '127.0.0.1', port: 0 }
  // All three brokers lead parts of __consumer_offsets, though on a busy machine they come seconds apart.
  const config = castleConfig({ dataFolder, listen, brokerLeaseMs, offsetsTopicWaitMs: 60_000 })
  return startCastle(config, silentLogger)
}

let castle: RunningCastle
let brokers: TestBroker[]

interface Operation {
  readonly parameters?: readonly { schema: TSchema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: TSchema }>> }
}

const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n\r\n'

/** What Castle says to these bytes until it closes. */
function saidTo(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(castle.url).port), '127.0.0.1')
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
      if (text.includes('}')) socket.destroy()
    })
    socket.on('close', () => resolve(text)).on('error', reject)
    socket.write(request)
  })
}

async function call(method: string, path: string, body?: unknown, shape?: TSchema) {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(castle.url + path, { method, ...init })
  const text = await response.text()
  const value = text === '' ? undefined : JSON.parse(text)
  const expected = response.status >= 400 ? problem : shape
  // Views are not checked while serving: here they are.
  if (expected !== undefined) expect(Compile(expected).Errors(value)).toEqual([])
  return { status: response.status, type: response.headers.get('content-type'), value }
}

beforeAll(async () => {
  castle = await start()
  brokers = [1, 2, 3].map((id) => new TestBroker(nodeRuntime(), id, { port: 1 }, { urls: [castle.url] }))
  await until(() => brokers.every((broker) => broker.topic('__consumer_offsets') !== undefined), 'brokers are there')
})

afterAll(async () => {
  await Promise.all(brokers.map(({ sender }) => sender.stop()))
  await castle.stop()
  rmSync(root, { recursive: true })
})

describe('topics', () => {
  test('are created, listed, shown, changed and deleted; each answer as described', async () => {
    const wanted = {
      name: 'orders',
      partitions: 6,
      ackLevel: 1,
      configs: { 'retention.ms': '1000' },
      owner: 'team-a',
      labels: { tier: '1' },
    }
    const created = await call('POST', '/api/topics', wanted, schemas.topicView)
    expect(created.status).toBe(201)
    expect(created.value).toMatchObject({
      ...wanted,
      partitions: expect.any(Array),
      cluster: 'c',
      replicationFactor: 1,
    })
    const { topicId } = created.value
    const list = await call('GET', '/api/topics?limit=1&after=a', undefined, listOf(schemas.topicSummary))
    expect(list.value).toMatchObject({ items: [{ name: 'orders', topicId, partitions: 6, leaderless: 0 }], next: null })
    const shown = await call('GET', '/api/topics/orders', undefined, schemas.topicView)
    expect(shown.value.partitions.map(({ leader }: { leader: number }) => leader).sort()).toEqual([1, 1, 2, 2, 3, 3])
    expect(shown.value.partitions[0]).toMatchObject({
      partition: 0,
      state: 'ok',
      missing: [],
      leader: expect.any(Number),
      leaderEpoch: 0,
      replicas: [expect.any(Number)],
      isr: [expect.any(Number)],
    })
    const changed = await call(
      'PATCH',
      '/api/topics/orders',
      { ackLevel: -1, configs: { 'retention.ms': null }, labels: {} },
      schemas.topicView,
    )
    expect(changed.value).toMatchObject({ ackLevel: -1, configs: {}, labels: { tier: '1' } })
    await until(async () => {
      const { applied } = (await call('GET', '/api/topics/orders', undefined, schemas.topicView)).value
      return applied.brokers.current === 3 && applied.brokers.senders === 3
    }, 'brokers say that they hold it')
    expect(await call('DELETE', '/api/topics/orders')).toMatchObject({ status: 204, value: undefined })
    expect((await call('GET', '/api/topics/orders')).value).toMatchObject({ status: 404, code: 'TOPIC_UNKNOWN' })
    const again = await call('POST', '/api/topics', { name: 'orders' }, schemas.topicView)
    expect(again.value.topicId).not.toBe(topicId)
    await call('DELETE', '/api/topics/orders')
  })

  test('what was called done is there after Castle stopped and started', async () => {
    const folder = join(root, 'again')
    const first = await start(folder)
    const broker = new TestBroker(nodeRuntime(), 9, {}, { urls: [first.url] })
    await until(() => broker.sender.connected, 'the broker registered')
    const post = (url: string, name: string) =>
      fetch(`${url}/api/topics`, {
        method: 'POST',
        body: JSON.stringify({ name }),
        headers: { 'content-type': 'application/json' },
      })
    expect((await post(first.url, 'kept')).status).toBe(201)
    await broker.sender.stop()
    await first.stop()
    const second = await start(folder)
    expect((await fetch(`${second.url}/api/topics/kept`)).status).toBe(200)
    await second.stop()
  })
})

describe('everything else', () => {
  test('answers as described', async () => {
    const client = new TestClient(nodeRuntime(), 'somebody', { topics: ['nowhere'] }, { urls: [castle.url] })
    await until(() => client.sender.connected && client.cluster !== undefined, 'the client is there')
    brokers[0]?.change({
      logs: [{ topicId: '11111111-1111-4111-8111-111111111111', partition: 0, leaderEpoch: 0, fault: 'bad' }],
    })
    expect((await call('GET', '/api/health', undefined, schemas.healthView)).value).toMatchObject({
      status: 'ok',
      clusters: [{ id: 'c', brokersUp: 3 }],
    })
    expect((await call('GET', '/api/clusters', undefined, pageOf(schemas.clusterView))).value.items).toMatchObject([
      { id: 'c', environment: 'development', brokersUp: 3 },
    ])
    expect(
      (await call('PATCH', '/api/clusters/c', { environment: 'production' }, schemas.clusterView)).value.environment,
    ).toBe('production')
    await until(() => client.cluster?.environment === 'production', 'the client knows its environment')
    const { value } = await call('GET', '/api/brokers', undefined, pageOf(schemas.brokerView))
    expect(value.items).toMatchObject([{ id: 1, state: 'up', leaders: 4, pid: 101 }, { id: 2 }, { id: 3 }])
    await until(async () => {
      const { items } = (await call('GET', '/api/brokers', undefined, pageOf(schemas.brokerView))).value
      return items[0].strays.length === 1 && items[0].faults.length === 1
    }, 'the stray log shows')
    const { items } = (await call('GET', '/api/clients', undefined, listOf(schemas.clientSummary))).value
    expect(items).toMatchObject([{ id: 'somebody', service: 'billing', linked: true }])
    await until(async () => {
      const shown = (await call('GET', '/api/clients/somebody', undefined, schemas.clientView)).value
      return shown.subjects.every(({ desired, actual }: { desired: number; actual: number }) => desired === actual)
    }, 'desired is actual')
    expect(
      (await call('GET', '/api/clients?topic=elsewhere', undefined, listOf(schemas.clientSummary))).value.items,
    ).toEqual([])
    const given = await call('POST', '/api/clients/somebody/directives', { kind: 'report' })
    expect(given.status).toBe(202)
    await until(async () => {
      const { directives } = (await call('GET', '/api/clients/somebody', undefined, schemas.clientView)).value
      return directives[0]?.id === given.value.id && directives[0].state === 'done'
    }, 'the directive is done')
    const decisions = (await call('GET', '/api/decisions?limit=2', undefined, pageOf(schemas.decisionView))).value
    expect(decisions.items[0].number).toBeGreaterThan(decisions.items[1].number)
    const older = (await call('GET', `/api/decisions?after=${decisions.next}`, undefined, pageOf(schemas.decisionView)))
      .value
    expect(older.items.at(-1)).toMatchObject({ number: 1, kind: 'broker-up' })
    await client.sender.stop()
  })

  test('groups: who is in them, and why there are no offsets when brokers do not answer', async () => {
    const created = await call('POST', '/api/topics', { name: 'grouped', partitions: 2 })
    const members = [{ memberId: 'm-1', rack: null, topics: ['grouped'], target: {} }]
    const report = { group: 'billing', membership: versionOf(1, 1), revision: 1, groupEpoch: 3, members }
    for (const broker of brokers) broker.change({ groups: [report] })
    await until(async () => (await call('GET', '/api/groups')).value.items.length === 1, 'the group is known')
    await until(async () => {
      const { items } = (await call('GET', '/api/decisions?about=group/c/billing')).value
      return items.length > 0
    }, 'the group has a target')
    const { value } = await call('GET', '/api/groups/billing', undefined, schemas.groupView)
    expect(value).toMatchObject({
      group: 'billing',
      cluster: 'c',
      groupEpoch: 3,
      offsets: [],
      offsetsProblem: expect.any(String),
    })
    expect(value.members[0]).toMatchObject({
      memberId: 'm-1',
      client: null,
      target: [{ topic: 'grouped', topicId: created.value.topicId, partitions: [0, 1] }],
    })
  })

  test('metrics are Prometheus text', async () => {
    const text = await (await fetch(`${castle.url}/metrics`)).text()
    expect(text).toContain('castellan_castle_brokers_up{cluster="c"} 3')
    expect(text).toMatch(/castellan_castle_heartbeats_total \d+/)
    // docs/metrics.md lists what is served, no more and no less.
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
    const listed = page.matchAll(/^\| `(castellan_castle_\w+)` \| (\w+) \|.*\| (.*) \|$/gm)
    const served = text.matchAll(/^# HELP (castellan_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)
    expect([...listed].map(([, name, type, help]) => `${name} ${type} ${help}`)).toEqual(
      [...served].map(([, name, help, type]) => `${name} ${type} ${help}`).sort(),
    )
  })

  test('OpenAPI describes every route that there is', async () => {
    const { value } = await call('GET', '/api/openapi.json')
    expect(value.openapi).toMatch(/^3\.1/)
    const routes = Object.entries<Record<string, { summary: string; responses: object }>>(value.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, { summary, responses }]) => {
          expect(summary).toMatch(/\.$/)
          expect(Object.keys(responses).slice(-3)).toEqual([expect.stringMatching(/^20\d$/), '4XX', '5XX'])
          return `${method.toUpperCase()} ${path}`
        }),
    )
    expect(routes.sort()).toEqual([
      'DELETE /api/topics/{name}',
      'GET /api/brokers',
      'GET /api/clients',
      'GET /api/clients/{id}',
      'GET /api/clusters',
      'GET /api/decisions',
      'GET /api/groups',
      'GET /api/groups/{group}',
      'GET /api/health',
      'GET /api/problems',
      'GET /api/stream',
      'GET /api/topic-settings',
      'GET /api/topics',
      'GET /api/topics/{name}',
      'GET /api/topics/{name}/clients',
      'GET /api/topics/{name}/messages',
      'GET /api/topics/{name}/offsets',
      'PATCH /api/clusters/{id}',
      'PATCH /api/topics/{name}',
      'POST /api/brokers/{id}/give-up',
      'POST /api/clients/{id}/directives',
      'POST /api/topics',
      'POST /api/topics/{name}/election',
      'POST /api/topics/{name}/messages',
      'POST /api/topics/{name}/reassignment',
      'POST /heartbeat',
    ])
  })
})

describe('what is wrong is said in a problem document', () => {
  test.each([
    ['GET', '/api/nothing', undefined, 404, 'NOT_FOUND', 'there is no GET /api/nothing'],
    ['POST', '/api/brokers/1/drain', {}, 404, 'NOT_FOUND', 'openapi.json lists what there is'],
    [
      'POST',
      '/api/topics',
      { name: 'a', deadLetter: { enabled: true } },
      400,
      'REQUEST_WRONG',
      "'deadLetter', which this version does not honour",
    ],
    [
      'POST',
      '/api/topics',
      { name: 'a', partitions: '3' },
      400,
      'REQUEST_WRONG',
      "'partitions' in the body must be integer",
    ],
    [
      'POST',
      '/api/topics',
      { name: 'a', ackLevel: 2 },
      400,
      'REQUEST_WRONG',
      "'ackLevel' in the body must be one of -1, 1, 0",
    ],
    ['POST', '/api/topics', { name: 'a', replicationFactor: 3 }, 400, 'REPLICATION_FACTOR_WRONG', 'can replicate'],
    [
      'POST',
      '/api/topics',
      { name: 'a', cluster: 'elsewhere' },
      404,
      'CLUSTER_UNKNOWN',
      "there is no cluster 'elsewhere'",
    ],
    ['POST', '/api/topics', { name: '__consumer_offsets' }, 409, 'TOPIC_INTERNAL', 'Castle makes it'],
    ['PATCH', '/api/topics/none', { ackLevel: 1 }, 404, 'TOPIC_UNKNOWN', "there is no topic 'none'"],
    ['GET', '/api/topics?limit=0', undefined, 400, 'REQUEST_WRONG', "'limit' in the query must be >= 1"],
    ['GET', '/api/topics?limti=5', undefined, 400, 'REQUEST_WRONG', "'limti'"],
    ['GET', '/api/topics/%E0%A4%A', undefined, 400, 'REQUEST_WRONG', '%E0%A4%A'],
    ['GET', `/api/topics/${'x'.repeat(2_000)}`, undefined, 414, 'REQUEST_WRONG', 'openapi.json'],
    ['DELETE', '/api/topics/none', { force: true }, 400, 'REQUEST_WRONG', 'takes no body'],
    ['POST', '/api/topics', { name: 'a', labels: { ['x'.repeat(250)]: '' } }, 400, 'REQUEST_WRONG', 'too long'],
    ['POST', '/api/topics', { name: 'a', labels: { '': '' } }, 400, 'REQUEST_WRONG', 'empty'],
    ['PATCH', '/api/topics/a', { labels: { ['x'.repeat(250)]: null } }, 400, 'REQUEST_WRONG', 'too long'],
    ['PATCH', '/api/topics/a', { labels: { a: 'x'.repeat(2_001) } }, 400, 'REQUEST_WRONG', "'labels.a'"],
    ['PATCH', '/api/topics/a', { configs: { ['x'.repeat(250)]: null } }, 400, 'REQUEST_WRONG', 'too long'],
    ['GET', '/api/clients/nobody', undefined, 404, 'CLIENT_UNKNOWN', "'nobody'"],
    ['POST', '/heartbeat', { type: 'heartbeat', seq: -1 }, 400, 'REQUEST_WRONG', 'heartbeat'],
  ])('%s %s %j', async (method, path, body, status, code, words) => {
    const answer = await call(method, path, body)
    expect(answer).toMatchObject({ status, value: { status, code, detail: expect.stringContaining(words) } })
    expect(answer.type).toMatch(/^application\/problem\+json/)
  })

  test('what OpenAPI says of bodies and parameters can be checked: it is compiled only at first use', async () => {
    const { value } = await call('GET', '/api/openapi.json')
    const operations = Object.values<Record<string, Operation>>(value.paths).flatMap((methods) =>
      Object.values(methods),
    )
    for (const { parameters = [], requestBody } of operations) {
      const schemas = [...parameters, ...Object.values(requestBody?.content ?? {})].map(({ schema }) => schema)
      for (const schema of schemas) expect(() => compileSchema(schema)('a'), JSON.stringify(schema)).not.toThrow()
    }
  })

  test('a DELETE with a content type and no body is as one without', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${castle.url}/api/topics/none`, { method: 'DELETE', headers })
    expect(await response.json()).toMatchObject({ status: 404, code: 'TOPIC_UNKNOWN' })
    const { value } = await call('GET', '/api/openapi.json')
    expect(value.paths['/api/topics/{name}'].delete.description).toContain('no body')
  })

  test.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'REQUEST_WRONG'],
    ['headers that never end', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'REQUEST_WRONG'],
    ['the name of another site', 'GET /api/health HTTP/1.1\r\nhost: evil.example\r\n\r\n', 421, 'HOST_UNKNOWN'],
    ['its link', `GET /link HTTP/1.1\r\nhost: evil.example\r\n${upgrade}`, 421, 'HOST_UNKNOWN'],
    ['a link that is none', `GET /link HTTP/1.1\r\nhost: localhost\r\n${upgrade}`, 400, 'REQUEST_WRONG'],
    ['a link elsewhere', `GET // HTTP/1.1\r\nhost: localhost\r\n${upgrade}`, 404, 'NOT_FOUND'],
  ])('over a bare socket: %s', async (_, request, status, code) => {
    const [head, body] = (await saidTo(request)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(head?.toLowerCase()).toContain('content-type: application/problem+json')
    expect(Compile(problem).Errors(JSON.parse(body ?? ''))).toEqual([])
    expect(JSON.parse(body ?? '')).toMatchObject({ status, code })
  })

  test.each([
    ['no JSON', 'application/json', '{"name"', 400],
    ['another language', 'application/xml', '<topic/>', 415],
    ['too long', 'application/json', JSON.stringify('x'.repeat(17_000_000)), 413],
  ])('a body that is %s', async (_, type, body, status) => {
    const response = await fetch(`${castle.url}/api/topics`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ status, code: 'REQUEST_WRONG' })
  })
})

describe('heartbeats', () => {
  test('by POST are the same loop', async () => {
    const base: Heartbeat = {
      type: 'heartbeat',
      seq: 1,
      kind: 'client',
      id: 'by-post',
      incarnation: 'i',
      castleEpoch: 0,
      brokerEpoch: 0,
      reportNumber: 1,
    }
    const report = {
      kind: 'client',
      service: 's',
      host: 'h',
      pid: 1,
      release: 'r',
      cluster: null,
      topics: [],
      groups: [],
      holds: {},
    }
    expect((await call('POST', '/heartbeat', base)).value).toMatchObject({ type: 'answer', seq: 1, needReport: true })
    const { value } = await call('POST', '/heartbeat', { ...base, seq: 2, report, unknown: 'field' })
    expect(value).toMatchObject({ seq: 2, intervalMs: 3_000, leaseMs: 10_000, subjects: [{ key: 'cluster/c' }] })
  })

  test('a changed setting reaches 100 connected clients by push: none waits for its interval', async () => {
    // By it none would hear before `until` gives up. (How fast it is stands in test/bench.)
    const api = await TestApi.start({ clientHeartbeatIntervalMs: 300_000, clientLeaseMs: 900_000 })
    await api.startBrokers(1)
    await api.call('POST', '/api/topics', { name: 'settings' })
    const ids = Array.from({ length: 100 }, (_, index) => `client-${index}`)
    const clients = await Promise.all(ids.map((id) => api.startClient(id, { topics: ['settings'] })))
    await until(() => clients.every((client) => client.topic('settings') !== undefined), 'all clients are there')
    for (const ackLevel of [1, 0, -1]) {
      await api.call('PATCH', '/api/topics/settings', { ackLevel })
      await until(() => clients.every((client) => client.topic('settings')?.ackLevel === ackLevel), 'all know it')
    }
    await api.stop()
  })

  test('links are at /link, and not for pages of other sites', async () => {
    const outcome = (path: string, origin?: string) =>
      new Promise((resolve) => {
        const socket = new WebSocket(castle.url.replace('http', 'ws') + path, origin === undefined ? {} : { origin })
        socket.on('open', () => resolve(socket.close()))
        socket.on('error', (error) => resolve(error.message))
      })
    expect(await outcome('/link')).toBeUndefined()
    expect(await outcome('/link', castle.url)).toBeUndefined()
    expect(await outcome('/link', 'http://elsewhere.example')).toContain('404')
    expect(await outcome('/elsewhere')).toContain('404')
  })

  test.each(['//', '/elsewhere', '/link'])(
    'an upgrade to %s whose peer resets costs its connection only',
    async (path) => {
      const { port } = new URL(castle.url)
      for (let i = 0; i < 20; i++) {
        const socket = connect(Number(port), '127.0.0.1')
        await new Promise((resolve) => socket.once('connect', resolve))
        socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${upgrade}more that nobody reads`)
        if (i % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
        const closed = new Promise((resolve) => socket.once('close', resolve))
        socket.resetAndDestroy()
        await closed
      }
      expect((await call('GET', '/api/health')).status).toBe(200)
    },
  )

  test('what is no HTTP closes its connection, and nothing else', async () => {
    const { port } = new URL(castle.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.end('GET /link HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\nhost: \x00\r\n\r\n\xff\xff')
    await new Promise((resolve) => socket.on('close', resolve).on('error', resolve).resume())
    expect((await call('GET', '/api/health')).status).toBe(200)
  })
})

describe('starting', () => {
  test('over a folder in use: refused in one sentence', async () => {
    await expect(start()).rejects.toMatchObject({
      code: 'DATA_IN_USE',
      message: expect.stringContaining(join(root, 'main')),
    })
  })

  test('on an address in use: refused, and nothing is left behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const folder = join(root, 'port')
    const config = castleConfig({ dataFolder: folder, listen: { host: '127.0.0.1', port } })
    const message = `Castle cannot listen on 127.0.0.1:${port}: another process listens there`
    await expect(startCastle(config, silentLogger)).rejects.toMatchObject({ code: 'LISTEN_FAILED', message })
    other.close()
    await (await start(folder)).stop()
  })
})
