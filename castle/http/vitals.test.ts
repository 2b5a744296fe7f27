// What a broker says of itself beside its heartbeats, as people see it: also while it recovers, and is not up.
import { nodeRuntime } from '@castellan/protocol/runtime'
import { afterEach, expect, test } from 'vitest'
import { TestApi, until } from '../testing/api.ts'

let api: TestApi

afterEach(() => api.stop())

const isRecovering = ({ kind }: { kind: string }) => kind === 'recovering'

test('how a broker does shows, and how far it is while it recovers; what makes no sense, or comes from a stranger, does not', async () => {
  api = await TestApi.start()
  const [broker] = await api.startBrokers(1)
  const url = `${api.url.replace('http', 'ws')}/link`
  const link = await nodeRuntime().network.dial(url, { timeoutMs: 2_000, maxMessageBytes: 100_000 })
  let isOpen = true
  const onClose = () => {
    isOpen = false
  }
  link.start({ onMessage: () => {}, onClose })
  const tell = (vitals: object, id = '1') =>
    link.send(JSON.stringify({ type: 'vitals', id, incarnation: 'i', ...vitals }))
  const shown = async () => (await api.get('/api/brokers')).value.items[0]
  expect(await shown()).toMatchObject({ startedAt: null, recovery: null, vitals: null })

  const writes = { path: 'async', longestMs: 312, slow: 4, leftLoop: 1 }
  tell({ startedMs: 1_700_000_000_000, loopHeldMs: 12, logBytes: 4096, writes, lastStop: 'killed' })
  tell({ loopHeldMs: 99 }, '77')
  await until(async () => (await shown()).vitals !== null, 'its vitals show')
  expect((await shown()).vitals).toEqual({
    ...{ at: expect.any(String), loopHeldMs: 12, logBytes: 4096, writePath: 'async', longestWriteMs: 312 },
    ...{ slowWrites: 4, leftLoop: 1, lastStop: 'killed' },
  })
  expect((await shown()).startedAt).toBe('2023-11-14T22:13:20.000Z')
  expect((await api.get('/api/brokers')).value.items).toHaveLength(1)

  broker?.change({ stopping: true })
  await broker?.sender.stop()
  await until(async () => (await shown()).state === 'down', 'it is down')
  expect((await shown()).vitals).toBeNull()
  const recovery = { logs: 30, opened: 4, bytesToCheck: 1_000, bytesChecked: 10 }
  tell({ recovery })
  await until(async () => (await shown()).recovery !== null, 'its recovery shows')
  expect(await shown()).toMatchObject({ state: 'down', recovery, vitals: null })

  const whatIsDown = async () =>
    (await api.get('/api/problems')).value.items.find(({ kind }: { kind: string }) => kind === 'broker-down')
  await until(async () => (await whatIsDown())?.params.opened === 4, 'the problem says so, too')

  // A store that was emptied knows nobody.
  tell({ recovery }, '8')
  tell({ recovery }, 'somebody')
  tell({ loopHeldMs: 1 }, '9')
  const problems = async () => (await api.get('/api/problems')).value.items
  await until(async () => (await problems()).some(isRecovering), 'it is said')
  const params = { broker: 8, logs: 30, opened: 4 }
  expect((await problems()).filter(isRecovering)).toMatchObject([{ what: 'BROKER_RECOVERING', params }])

  tell({ recovery: { logs: -1 } })
  await until(() => !isOpen, 'nonsense closes the link')
})
