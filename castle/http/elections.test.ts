// Elections that people ask for, over HTTP: said first what they would do, and refused where they would do nothing.
import { afterEach, expect, test } from 'vitest'
import { TestApi } from '../testing/api.ts'

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
