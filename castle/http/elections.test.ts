// Elections that people ask for, over HTTP: said first what they would do, and refused where they would do nothing.
import { afterEach, expect, test } from 'vitest'
import { TestApi, until } from '../testing/api.ts'

let api: TestApi

afterEach(() => api.stop())

test('an election is drawn first, made for the version that was seen, and refused where nobody gets another leader', async () => {
  api = await TestApi.start()
  await api.startBrokers(1)
  expect(await api.call('POST', '/api/topics', { name: 'orders', partitions: 2 })).toMatchObject({ status: 201 })
  const path = '/api/topics/orders/election'
  const plan = (body: object) => api.call('POST', `${path}?dryRun=true`, body)
  const { version } = (await plan({ type: 'preferred' })).value
  expect(await plan({ type: 'preferred' })).toMatchObject({ status: 200, value: { partitions: [] } })
  expect(await plan({ type: 'unclean', partitions: [1, 7] })).toMatchObject({
    status: 200,
    value: {
      version,
      partitions: [
        { partition: 1, from: 1, to: -1, refusal: 'broker 1 leads' },
        { partition: 7, from: -1, to: -1, refusal: 'the topic has no such partition' },
      ],
    },
  })
  for (const [body, why] of [
    [{ type: 'preferred' }, 'no partition needs it'],
    [{ type: 'unclean', partitions: [0] }, 'broker 1 leads'],
  ] as const) {
    expect(await api.call('POST', path, body)).toMatchObject({
      status: 409,
      value: { code: 'NOBODY_ELECTED', params: { name: 'orders', why } },
    })
  }
  expect(await api.call('POST', path, { type: 'any' })).toMatchObject({ status: 400 })
  await api.call('PATCH', '/api/topics/orders', { ackLevel: 1 })
  const headers = { 'if-match': String(version) }
  expect(await api.call('POST', path, { type: 'preferred' }, headers)).toMatchObject({ status: 412 })
})

test('where all logs are damaged, what the plan showed is done, or nothing (R9)', async () => {
  api = await TestApi.start()
  const [broker] = await api.startBrokers(1)
  const { topicId } = (await api.call('POST', '/api/topics', { name: 'orders', partitions: 1 })).value
  const leader = async () => (await api.get('/api/topics/orders')).value.partitions[0].leader
  const tell = (more: object) => {
    const { leaderEpoch = 0 } = api.castle.state.get('topic', topicId)?.partitions[0] ?? {}
    broker?.change({ logs: [{ topicId, partition: 0, leaderEpoch, fault: 'a bit flipped', ...more }] })
  }
  const path = '/api/topics/orders/election'
  const election = { type: 'unclean', partitions: [0] }
  const planThat = async (cutAt: number) => {
    let plan: { id: string; version: number } | undefined
    await until(async () => {
      plan = (await api.call('POST', `${path}?dryRun=true`, election)).value
      return (plan as { partitions?: { cutAt: number }[] }).partitions?.[0]?.cutAt === cutAt
    }, `it is to be cut at ${cutAt}`)
    return plan!
  }
  const sound = (endOffset: number) => ({ startOffset: 0, endOffset, lastEpoch: 0, hadOffset: 90 })
  tell({})
  await until(async () => (await leader()) === -1, 'nobody leads')
  tell({ sound: sound(30) })
  const shown = await planThat(30)
  tell({ sound: sound(20) })
  const { id, version } = await planThat(20)
  expect(version).toBe(shown.version)
  const ifMatch = { 'if-match': String(version) }
  // Who names no plan was shown nothing.
  expect(await api.call('POST', path, election, ifMatch)).toMatchObject({
    status: 409,
    value: { code: 'NOBODY_ELECTED' },
  })
  expect(await api.call('POST', path, { ...election, plan: shown.id }, ifMatch)).toMatchObject({
    status: 412,
    value: { code: 'PLAN_OUTDATED', params: { name: 'orders' }, next: expect.stringContaining('dryRun=true') },
  })
  const done = api.call('POST', path, { ...election, plan: id })
  await until(() => api.castle.state.get('topic', topicId)?.partitions[0]?.salvage?.endOffset === 20, 'it is decided')
  tell({ fault: null, lastEpoch: 0, endOffset: 20 })
  expect(await done).toMatchObject({ status: 200, value: { elected: 1, refused: [] } })
  await until(async () => (await leader()) === 1, 'it leads')
})
