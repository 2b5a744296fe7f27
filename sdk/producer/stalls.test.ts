import { silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import type { KafkaClient } from '../kafka/client.ts'
import type { Accumulator } from './accumulator.ts'
import { producerOptions } from './options.ts'
import { Stalls } from './stalls.ts'

test('who waits is told after a second, every ten, and at once when Castle goes or comes back', () => {
  const told: (string | null)[] = []
  let castle: string | null = null
  const batch = {
    sentAtMs: 0,
    flight: null,
    queue: { topic: { name: 'orders' }, partition: 0, problem: 'nobody leads it' },
  }
  const unsettled = new Set([batch])
  const hooks = { onWaiting: (reason: string | null) => void told.push(reason), problem: () => castle }
  const accumulator = { unsettled, waitsForTopic: undefined } as unknown as Accumulator
  const stalls = new Stalls({ log: silentLogger } as KafkaClient, producerOptions({}), accumulator, hooks)
  const at = (nowMs: number) => {
    const before = told.length
    stalls.look(nowMs)
    return told.slice(before)
  }
  expect(at(999)).toEqual([])
  expect(at(1_000)).toEqual(['orders/0: nobody leads it'])
  expect(at(2_000)).toEqual([])
  castle = 'Castle does not answer'
  expect(at(3_000)).toEqual(['orders/0: nobody leads it; Castle does not answer'])
  expect(at(4_000)).toEqual([])
  castle = null
  expect(at(5_000)).toEqual(['orders/0: nobody leads it'])
  expect(at(14_999)).toEqual([])
  expect(at(15_000)).toEqual(['orders/0: nobody leads it'])
  unsettled.clear()
  expect(at(16_000)).toEqual([null])
})
