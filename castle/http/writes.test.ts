// What all writes have in common: previews, versions, keys that make two requests one, reasons; and whose pages may write.
import { Compile } from 'typebox/compile'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestApi } from '../testing/api.ts'
import { changePlanView, creationPlanView, deletionPlanView, reassignmentPlanView } from '../views/plans.ts'
import { problem } from './problems.ts'

let api: TestApi

beforeAll(async () => {
  api = await TestApi.start()
  await api.startBrokers(3)
})
afterAll(() => api.stop())

const patch = (name: string, body: unknown, headers = {}) => api.call('PATCH', `/api/topics/${name}`, body, headers)
const version = async (name: string) => (await api.get(`/api/topics/${name}`)).value.version as number

describe('dry runs', () => {
  test('a creation: placement and problems, and nothing is made', async () => {
    const good = await api.call('POST', '/api/topics?dryRun=true', { name: 'planned', partitions: 3 })
    expect(good.status).toBe(200)
    expect(Compile(creationPlanView).Errors(good.value)).toEqual([])
    expect(good.value).toMatchObject({ valid: true, problems: [], survivesBrokers: 0 })
    expect(good.value.placement).toHaveLength(3)
    expect((await api.get('/api/topics/planned')).status).toBe(404)
    const bad = await api.call('POST', '/api/topics?dryRun=true', { name: 'a b', replicationFactor: 4 })
    expect(bad).toMatchObject({ status: 200, value: { valid: false, placement: [] } })
    expect(bad.value.problems).toMatchObject([
      { field: 'name', code: 'TOPIC_NAME_WRONG', params: { name: 'a b' } },
      { field: 'replicationFactor', code: 'REPLICATION_FACTOR_WRONG', params: { replicationFactor: 4, limit: 1 } },
    ])
    const nowhere = await api.call('POST', '/api/topics?dryRun=true', { name: 'a', cluster: 'none' })
    expect(nowhere.value.problems).toMatchObject([{ field: 'cluster', code: 'CLUSTER_UNKNOWN' }])
  })

  test('a reassignment: what is wrong, by partition, and one way of asking only', async () => {
    await api.call('POST', '/api/topics', { name: 'moving', partitions: 2 })
    const url = '/api/topics/moving/reassignment'
    const body = {
      partitions: [
        { partition: 0, replicas: [77] },
        { partition: 1, replicas: null },
      ],
    }
    const plan = await api.call('POST', `${url}?dryRun=true`, body)
    expect(plan).toMatchObject({ status: 200, value: { valid: false, partitions: [], copies: 0 } })
    expect(Compile(reassignmentPlanView).Errors(plan.value)).toEqual([])
    expect(plan.value.problems).toMatchObject([
      { field: 'partitions.0', code: 'REPLICAS_WRONG', params: { broker: 77 } },
      { field: 'partitions.1', code: 'REASSIGNMENT_NONE' },
    ])
    expect(await api.call('POST', url, body)).toMatchObject({ status: 400, value: { code: 'REPLICAS_WRONG' } })
    expect(await api.call('POST', url, { cancel: true, replicationFactor: 1 })).toMatchObject({ status: 400 })
    expect(await api.call('POST', url, {})).toMatchObject({ status: 400 })
    const stale = await api.call('POST', url, { replicationFactor: 1 }, { 'If-Match': '1' })
    expect(stale).toMatchObject({ status: 412, value: { code: 'PLAN_OUTDATED' } })
    expect(await api.call('POST', url, { replicationFactor: 1 })).toMatchObject({
      status: 200,
      value: { name: 'moving' },
    })
    expect((await api.call('DELETE', '/api/topics/moving')).status).toBe(204)
  })

  test('a change and a deletion: what they would do, with numbers', async () => {
    await api.call('POST', '/api/topics', { name: 'changing', partitions: 2 })
    const client = await api.startClient('uses-it', { topics: ['changing'] })
    const before = await version('changing')
    const change = await api.call('PATCH', '/api/topics/changing?dryRun=true', { ackLevel: 0, owner: 'x' })
    expect(Compile(changePlanView).Errors(change.value)).toEqual([])
    expect(change.value).toEqual({
      version: before,
      changes: [
        { field: 'ackLevel', from: -1, to: 0 },
        { field: 'owner', from: '', to: 'x' },
      ],
      weaker: true,
      problems: [],
      clients: { total: 1, linked: 1 },
      brokers: 3,
    })
    const deletion = await api.call('DELETE', '/api/topics/changing?dryRun=true')
    expect(Compile(deletionPlanView).Errors(deletion.value)).toEqual([])
    // Nobody listens where these brokers are said to be.
    expect(deletion).toMatchObject({
      status: 200,
      value: { version: before, partitions: 2, messages: null, groups: [], clients: 1 },
    })
    expect(await version('changing')).toBe(before)
    expect((await api.call('DELETE', '/api/topics/none?dryRun=true')).status).toBe(404)
    await client.sender.stop()
  })
})

describe('the version that was seen', () => {
  test('is compared when the write is done: outdated is 412, with the present one', async () => {
    await api.call('POST', '/api/topics', { name: 'versioned' })
    const seen = await version('versioned')
    const first = await patch('versioned', { ackLevel: 1 }, { 'if-match': `"${seen}"` })
    expect(first.status).toBe(200)
    const late = await patch('versioned', { ackLevel: 0 }, { 'if-match': String(seen) })
    expect(Compile(problem).Errors(late.value)).toEqual([])
    expect(late.value).toMatchObject({
      status: 412,
      code: 'PLAN_OUTDATED',
      params: { name: 'versioned', version: first.value.version, ifVersion: seen },
      requestId: expect.stringMatching(/^\d+-\d+$/),
    })
    const gone = await api.call('DELETE', '/api/topics/versioned', undefined, { 'if-match': String(seen) })
    expect(gone.status).toBe(412)
    const now = { 'if-match': String(first.value.version) }
    expect((await api.call('DELETE', '/api/topics/versioned', undefined, now)).status).toBe(204)
  })

  test.each(['*', '"a"', '"1", "2"', '99999999999999999'])('If-Match: %s is refused', async (header) => {
    expect(await patch('any', {}, { 'if-match': header })).toMatchObject({
      status: 400,
      value: { code: 'REQUEST_WRONG' },
    })
  })

  test('where it means nothing, it is refused rather than ignored', async () => {
    const answer = await api.call('POST', '/api/topics', { name: 'unversioned' }, { 'if-match': '1' })
    expect(answer.value).toMatchObject({ status: 400, detail: expect.stringContaining('not honoured') })
  })
})

describe('Idempotency-Key', () => {
  const key = (text: string) => ({ 'idempotency-key': text })

  test('the same request twice is one, refusals too; another under the same key is 422', async () => {
    const body = { name: 'once', partitions: 2 }
    const [first, second] = await Promise.all([
      api.call('POST', '/api/topics', body, key('k-1')),
      api.call('POST', '/api/topics', body, key('k-1')),
    ])
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.value).toEqual(first.value)
    expect(await api.call('POST', '/api/topics', { name: 'other' }, key('k-1'))).toMatchObject({
      status: 422,
      value: { code: 'IDEMPOTENCY_KEY_REUSED', params: { key: 'k-1' } },
    })
    const taken = await api.call('POST', '/api/topics', body, key('k-2'))
    expect(taken.value).toMatchObject({ status: 409, code: 'TOPIC_EXISTS' })
    const again = await api.call('POST', '/api/topics', body, key('k-2'))
    expect(again).toMatchObject({ status: 409, text: taken.text })
    expect(again.headers['content-type']).toMatch(/^application\/problem\+json/)
    const gone = () => api.call('DELETE', '/api/topics/once', undefined, key('k-3'))
    expect([(await gone()).status, (await gone()).status]).toEqual([204, 204])
    expect((await api.call('DELETE', '/api/topics/once')).status).toBe(404)
  })

  test('is 1 to 200 characters', async () => {
    const answer = await api.call('POST', '/api/topics', { name: 'a' }, key('x'.repeat(201)))
    expect(answer.value).toMatchObject({ status: 400, detail: expect.stringContaining('Idempotency-Key') })
  })
})

test('a reason is recorded with the decision', async () => {
  await api.call('POST', '/api/topics?reason=for%20the%20launch', { name: 'reasoned' })
  await api.call('PATCH', '/api/topics/reasoned?reason=faster', { ackLevel: 1 })
  await api.call('DELETE', '/api/topics/reasoned?reason=over')
  const { items } = (await api.get('/api/decisions?limit=3')).value
  expect(items.map(({ why }: { why: string }) => why)).toEqual([
    'asked for: over',
    'asked for: faster',
    'asked for: for the launch',
  ])
  expect((await api.call('POST', `/api/topics?reason=${'x'.repeat(501)}`, { name: 'a' })).status).toBe(400)
})

describe('pages of other sites', () => {
  test.each([
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:3000' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }, 404],
    [{ 'sec-fetch-site': 'none' }, 404],
    [{}, 404],
  ])('%j', async (headers, status) => {
    const answer = await api.call('DELETE', '/api/topics/none', undefined, headers)
    expect(answer.status).toBe(status)
    if (status === 403) expect(answer.value).toMatchObject({ code: 'ORIGIN_FOREIGN' })
  })

  test('a body that is no JSON is refused, whatever a form could send', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const payload = '{"name":"forged"}'
      const headers = { host: 'localhost', 'content-type': type }
      const answer = await api.server.app.inject({ method: 'POST', url: '/api/topics', payload, headers })
      expect(answer.statusCode).toBe(415)
    }
    expect((await api.get('/api/topics/forged')).status).toBe(404)
  })
})

test('lists: a part of the name, sorted both ways, and how many there are', async () => {
  for (const [name, partitions] of [
    ['list-a', 2],
    ['list-b', 9],
    ['list-c', 10],
    ['other', 1],
  ] as const) {
    await api.call('POST', '/api/topics', { name, partitions })
  }
  const names = async (query: string) => {
    const { items, next, total } = (await api.get(`/api/topics?${query}`)).value
    return [items.map(({ name }: { name: string }) => name), next, total]
  }
  expect(await names('q=LIST-')).toEqual([['list-a', 'list-b', 'list-c'], null, 3])
  expect(await names('q=list-&sort=partitions&order=desc&limit=2')).toEqual([
    ['list-c', 'list-b'],
    '0000000000000009/list-b/c',
    3,
  ])
  const after = encodeURIComponent('0000000000000009/list-b/c')
  expect(await names(`q=list-&sort=partitions&order=desc&limit=2&after=${after}`)).toEqual([['list-a'], null, 3])
  expect(await names('q=list-&sort=createdAt&order=asc')).toEqual([['list-a', 'list-b', 'list-c'], null, 3])
  expect((await api.get('/api/topics?sort=size')).status).toBe(400)
  expect((await api.get('/api/groups?sort=members&order=desc')).value).toEqual({ items: [], next: null, total: 0 })
})
