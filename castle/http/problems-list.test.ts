import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestApi, until } from '../testing/api.ts'
import { groupView } from '../views/schemas/groups.ts'
import { problemView } from '../views/schemas/system.ts'
import { topicClientView } from '../views/schemas/topics.ts'
import { listOf } from './lists.ts'

let api: TestApi
let brokers: Awaited<ReturnType<TestApi['startBrokers']>>

beforeAll(async () => {
  api = await TestApi.start({
    ...{ clientHeartbeatIntervalMs: 100, clientLeaseMs: 500 },
    ...{ brokerHeartbeatIntervalMs: 50, brokerLeaseMs: 1_000, startGraceMs: 1_000 },
  })
  brokers = await api.startBrokers(2)
})
afterAll(() => api.stop())

const problems = async (query = '') => (await api.get(`/api/problems${query}`)).value

test('clients of a topic: applied with the time it took, and pending', async () => {
  await api.call('POST', '/api/topics', { name: 'followed' })
  const clients = await Promise.all(['a', 'b'].map((id) => api.startClient(id, { topics: ['followed'] })))
  const shown = async () => {
    const { value } = await api.get('/api/topics/followed/clients')
    expect(Compile(listOf(topicClientView)).Errors(value)).toEqual([])
    return value
  }
  await until(
    async () => (await shown()).items.every(({ state }: { state: string }) => state === 'applied'),
    'all hold it',
  )
  // Nobody waited for what was there before they came.
  expect(await shown()).toMatchObject({ items: [{ id: 'a', appliedMs: null, linked: true }, { id: 'b' }], total: 2 })
  const { value: changed } = await api.call('PATCH', '/api/topics/followed', { ackLevel: 1 })
  await until(
    async () => (await shown()).items.every(({ version }: { version: number }) => version === changed.version),
    'all follow',
  )
  for (const { state, appliedMs, desired } of (await shown()).items) {
    expect(state).toBe('applied')
    expect(desired).toBe(changed.version)
    expect(appliedMs).toBeGreaterThan(0)
  }
  // One that follows nothing any more: its next report would say so.
  const [first] = [...api.castle.sessions.interestedIn('topic/c/followed')]
  if (first !== undefined) first.report = { ...first.report, holds: {} }
  expect((await shown()).items[0]).toMatchObject({ state: 'pending', version: null, appliedMs: null })
  await Promise.all(clients.map(({ sender }) => sender.stop()))
  expect((await api.get('/api/topics/none/clients')).status).toBe(404)
})

test('what is wrong is listed, worst first, and goes when it is mended', async () => {
  const created = await api.call('POST', '/api/topics', { name: 'lost', partitions: 4 })
  const { topicId } = created.value
  await until(async () => (await problems()).items.length === 0, 'nothing is wrong')
  const stuck = [{ topicId, partition: 2, offset: 1_200, sinceMs: 1_700_000_000_000, attempts: 37, error: 'boom' }]
  const group = { group: 'g', memberId: 'm', memberEpoch: 1, assigned: {} }
  const client = await api.startClient('stuck-one', { topics: ['lost'], groups: [{ ...group, stuck }] })
  const report = { group: 'g', membership: 1, revision: 1, groupEpoch: 1, members: [] }
  for (const broker of brokers) broker.change({ groups: [report] })
  await until(async () => {
    const shown = await api.get('/api/groups/g')
    if (shown.status !== 200) return false
    expect(Compile(groupView).Errors(shown.value)).toEqual([])
    expect(shown.value.stuck).toMatchObject([{ topic: 'lost', offset: 1_200, client: 'stuck-one' }])
    return true
  }, 'the group')
  brokers[0]?.change({ logs: [{ topicId, partition: 0, leaderEpoch: 0, fault: 'checksum' }] })
  await brokers[1]?.sender.stop()
  const kinds = async () => (await problems()).items.map(({ kind }: { kind: string }) => kind)
  await until(async () => (await kinds()).length >= 4, 'four problems')
  const found = await problems()
  expect(Compile(listOf(problemView)).Errors(found)).toEqual([])
  expect(await kinds()).toEqual(['leaderless', 'log-fault', 'broker-down', 'stuck'])
  expect(found.items).toMatchObject([
    { harm: 1, cluster: 'c', what: 'PARTITIONS_LEADERLESS', params: { topics: expect.any(Number) } },
    { params: { broker: 1, topic: 'lost', partition: 0, fault: 'checksum' } },
    { about: ['broker/2'], params: { broker: 2, why: expect.any(String) } },
    {
      what: 'PARTITION_STUCK',
      since: '2023-11-14T22:13:20.000Z',
      params: {
        group: 'g',
        topic: 'lost',
        partition: 2,
        offset: 1_200,
        attempts: 37,
        error: 'boom',
        client: 'stuck-one',
      },
    },
  ])
  const page = await problems('?limit=1')
  const rest = await problems(`?after=${encodeURIComponent(page.next)}`)
  expect([...page.items, ...rest.items]).toEqual(found.items)
  expect((await problems('?cluster=none')).code).toBe('CLUSTER_UNKNOWN')
  client.change({ groups: [{ ...group, stuck: [] }] })
  await until(async () => !(await kinds()).includes('stuck'), 'it goes on')
})

test('a store that takes no change is the first of problems, and health says so until one is written', async () => {
  let isFull = false
  const full = await TestApi.start({}, async () => {
    if (isFull) throw new Error('no room')
  })
  try {
    await full.startBrokers(1)
    expect((await full.get('/api/health')).value).toMatchObject({ status: 'ok', problem: null })
    isFull = true
    expect((await full.call('POST', '/api/topics', { name: 'one' })).status).toBe(503)
    const { value } = await full.get('/api/health')
    expect(value).toMatchObject({ status: 'degraded', problem: expect.stringContaining('no room') })
    const [first] = (await full.get('/api/problems')).value.items
    expect(first).toMatchObject({ kind: 'store-failed', harm: 1, what: 'STORE_FAILED' })
    expect(first.params.reason).toContain('no room')
    isFull = false
    expect((await full.call('POST', '/api/topics', { name: 'two' })).status).toBe(201)
    expect((await full.get('/api/health')).value).toMatchObject({ status: 'ok', problem: null })
  } finally {
    await full.stop()
  }
})
