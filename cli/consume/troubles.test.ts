import { CastellanError } from '@castellan/sdk/kafka'
import { expect, test } from 'vitest'
import { Troubles } from './troubles.ts'

test('trouble is told when it lasts, then now and then, each on its own, until it is over', async () => {
  let nowMs = 0
  const told: string[] = []
  const troubles = new Troubles(
    async ({ message }) => void told.push(`${nowMs} ${message}`),
    () => nowMs,
  )
  const [nobody, broker] = ['nobody leads it', 'broker 2'].map((text) => new CastellanError('NO_BROKER', text))
  for (; nowMs <= 40_000; nowMs += 1_000) {
    expect(await troubles.add('nobody', nobody!)).toBe(nowMs >= 3_000)
    if (nowMs >= 10_000 && nowMs < 14_000) await troubles.add(2, broker!)
    if (nowMs === 14_000) troubles.over(2)
  }
  expect(told).toEqual(['3000 nobody leads it', '13000 broker 2', '33000 nobody leads it'])
  expect(troubles.any).toBe(true)
  troubles.over('nobody')
  expect(troubles.any).toBe(false)
})
