// A store that was emptied, as people see it and what they can do (R14).
import { afterEach, expect, test } from 'vitest'
import { TestApi, until } from '../testing/api.ts'

let api: TestApi

afterEach(() => api.stop())

test('topics in doubt are a problem that names who is waited for, and giving that broker up ends it', async () => {
  api = await TestApi.start()
  const [broker] = await api.startBrokers(1)
  const partition = { leader: 1, leaderEpoch: 3, partitionEpoch: 5, replicas: [1, 7], isr: [1] }
  const topicId = '00000000-0000-4000-8000-000000000001'
  const state = {
    topicId,
    name: 'orders',
    deleted: false,
    internal: false,
    ackLevel: -1,
    configs: {},
    partitions: [partition],
  }
  broker?.remembered.set(`topic/${topicId}`, { key: `topic/${topicId}`, version: 7, state })
  broker?.change({ replicates: true, remembers: { [topicId]: 7 } })
  await until(async () => (await api.get('/api/topics/orders')).status === 200, 'the topic is taken over')
  const problems = async () => (await api.get('/api/problems')).value.items
  await until(
    async () => (await problems()).some(({ kind }: { kind: string }) => kind === 'in-doubt'),
    'it is a problem',
  )
  const problem = (await problems()).find(({ kind }: { kind: string }) => kind === 'in-doubt')
  expect(problem).toMatchObject({ what: 'TOPICS_IN_DOUBT', params: { brokers: '7', topics: 1, examples: 'orders' } })
  const change = await api.call('PATCH', '/api/topics/orders', { ackLevel: 1 })
  expect(change).toMatchObject({ status: 503, value: { code: 'TOPIC_IN_DOUBT' } })
  expect(await api.call('POST', '/api/brokers/1/give-up')).toMatchObject({
    status: 409,
    value: { code: 'BROKER_NOT_AWAITED' },
  })
  const plan = await api.call('POST', '/api/brokers/7/give-up?dryRun=true')
  expect(plan).toMatchObject({ status: 200, value: { topics: 1, examples: ['orders'] } })
  const given = await api.call('POST', '/api/brokers/7/give-up?reason=burnt')
  expect(given).toMatchObject({ status: 200, value: { topics: 1 } })
  const { value } = await api.get('/api/topics/orders')
  expect(value.partitions[0]).toMatchObject({ leader: 1, isr: [1] })
  const decisions = (await api.get('/api/decisions')).value.items
  expect(decisions.map(({ kind }: { kind: string }) => kind)).toEqual(
    expect.arrayContaining(['broker-given-up', 'doubt-over']),
  )
})

const whats = async () => (await api.get('/api/problems')).value.items.map(({ what }: { what: string }) => what)
const problemOf = async (wanted: string) =>
  (await api.get('/api/problems')).value.items.find(({ what }: { what: string }) => what === wanted)

test('topics that only a broker can tell of are a problem, which names it, until it does or is given up', async () => {
  api = await TestApi.start()
  const [broker] = await api.startBrokers(1)
  broker?.change({ replicates: true, remembers: { '00000000-0000-4000-8000-000000000002': 7 } })
  await until(async () => (await whats()).includes('TOPICS_FORGOTTEN'), 'it is a problem')
  expect(await problemOf('TOPICS_FORGOTTEN')).toMatchObject({ kind: 'in-doubt', params: { topics: 1, brokers: '1' } })
  const made = await api.call('POST', '/api/topics', { name: 'new' })
  expect(made).toMatchObject({ status: 503, value: { code: 'TOPIC_IN_DOUBT', params: { brokers: '1' } } })
  expect(await api.call('POST', '/api/brokers/1/give-up?reason=burnt')).toMatchObject({ status: 200 })
  await until(async () => !(await whats()).includes('TOPICS_FORGOTTEN'), 'it is over')
})

test('a topic that was not taken over is a problem while a broker has logs of it', async () => {
  api = await TestApi.start()
  const [broker] = await api.startBrokers(1)
  await api.call('POST', '/api/topics', { name: 'orders' })
  const topicId = '00000000-0000-4000-8000-000000000003'
  const partition = { leader: 1, leaderEpoch: 3, partitionEpoch: 5, replicas: [1], isr: [1] }
  const state = { topicId, name: 'orders', deleted: false, internal: false, ackLevel: -1, configs: {} }
  const subject = { key: `topic/${topicId}`, version: 7, state: { ...state, partitions: [partition] } }
  broker?.remembered.set(subject.key, subject)
  const logs = [{ topicId, partition: 0, leaderEpoch: 3, fault: null }]
  broker?.change({ replicates: true, remembers: { [topicId]: 7 }, logs })
  await until(async () => (await whats()).includes('TOPIC_REFUSED'), 'it is a problem')
  const params = { topic: 'orders', topicId, why: 'name-taken', brokers: '1' }
  expect(await problemOf('TOPIC_REFUSED')).toMatchObject({ kind: 'refused', params })
  broker?.change({ logs: [] })
  await until(async () => !(await whats()).includes('TOPIC_REFUSED'), 'nothing of it is left')
})
