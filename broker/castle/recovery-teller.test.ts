import { parseFromSender } from '@castellan/protocol/heartbeat'
import { type Link, type LinkHandlers, type Runtime, silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { settle, TestingClock } from '../log/testing.ts'
import { RecoveryTeller } from './recovery-teller.ts'

test('Castle hears how far a recovery is, again and again, on a new link when one is lost, until it is over', async () => {
  const clock = new TestingClock()
  const told: unknown[] = []
  const dialled: string[] = []
  let handlers: LinkHandlers | undefined
  let closed = 0
  const link = {
    start: (given: LinkHandlers) => {
      handlers = given
    },
    send: (text: string) => void told.push(parseFromSender(text)),
    close: () => void closed++,
  } as unknown as Link
  const dial = async (url: string): Promise<Link> => {
    dialled.push(url)
    if (dialled.length === 1) throw new Error('refused')
    return link
  }
  const random = { next: () => 0.5, bytes: (length: number) => new Uint8Array(length) }
  const runtime = { clock, random, network: { dial } } as unknown as Runtime
  let opened = 0
  const progress = () => ({ logs: 10, opened: ++opened, bytesToCheck: 100, bytesChecked: 10 * opened })
  const config = { brokerId: 3, castle: ['http://one:8600', 'http://two:8600'] }
  const teller = new RecoveryTeller(runtime, config, silentLogger, 1_700, progress)
  await clock.advance(900)
  expect(dialled).toEqual([])
  await clock.advance(4_200)
  expect(dialled).toEqual(['ws://one:8600/link', 'ws://two:8600/link'])
  const recovery = { logs: 10, opened: 2, bytesToCheck: 100, bytesChecked: 20 }
  expect(told[0]).toMatchObject({ type: 'vitals', id: '3', startedMs: 1_700, recovery })
  handlers?.onClose(null)
  await clock.advance(2_000)
  expect([dialled.length, told.length]).toEqual([3, 3])
  teller.stop()
  await clock.advance(10_000)
  await settle()
  expect([told.length, closed]).toEqual([3, 1])
})
