import type { Clock } from '@castellan/protocol/runtime'
import { describe, expect, test } from 'vitest'
import { Attention } from './attention.ts'
import { meet, retire } from './incarnations.ts'
import { Leases } from './leases.ts'

class TwoClocks implements Clock {
  now = 5_000
  boot = 90_000
  wallMs = () => 0
  nowMs = () => this.now
  bootMs = () => this.boot
  after = () => ({ cancel: () => undefined })
  soon = () => undefined
  /** Both go on, or only the boot-time clock: the machine slept. */
  pass(ms: number, asleep = false): void {
    this.boot += ms
    if (!asleep) this.now += ms
  }
}

describe('attended time', () => {
  test('follows the clocks while it is looked at', () => {
    const clock = new TwoClocks()
    const attention = new Attention(clock, 100)
    for (let i = 0; i < 40; i++) {
      clock.pass(50)
      attention.look()
    }
    clock.pass(30)
    expect(attention.nowMs()).toBe(2_030)
    expect(attention.look()).toBe(2_030)
  })

  test('a boot-time clock of coarse steps does not make it run fast', () => {
    const clock = new TwoClocks()
    const exact = clock.boot
    clock.bootMs = () => exact + Math.floor((clock.now - 5_000) / 10) * 10
    const attention = new Attention(clock, 100)
    for (let i = 0; i < 1_000; i++) {
      clock.pass(33)
      attention.look()
    }
    expect(attention.look()).toBe(33_000)
  })

  test('time in which nobody looked counts for one gap only, whichever clock saw it', () => {
    for (const asleep of [false, true]) {
      const clock = new TwoClocks()
      const attention = new Attention(clock, 100)
      clock.pass(50)
      attention.look()
      clock.pass(60_000, asleep)
      expect(attention.nowMs()).toBe(asleep ? 50 : 150)
      expect(attention.look()).toBe(150)
    }
  })

  test('never goes back, and a heartbeat is never noted ahead of the next look', () => {
    const clock = new TwoClocks()
    const attention = new Attention(clock, 100)
    clock.pass(5_000)
    const noted = attention.nowMs()
    expect(attention.look()).toBeGreaterThanOrEqual(noted)
  })
})

describe('leases', () => {
  test('are over a full lease after the last heartbeat, not before', () => {
    const leases = new Leases<string>(1_000)
    leases.heard('a', 0)
    leases.heard('b', 400)
    expect(leases.over(999)).toEqual([])
    expect(leases.over(1_000)).toEqual(['a'])
    leases.heard('a', 1_000)
    expect(leases.over(1_400)).toEqual(['b'])
    leases.forget('b')
    expect(leases.over(1_400)).toEqual([])
  })

  test('the benefit of the doubt is not taken back by an earlier heartbeat', () => {
    const leases = new Leases<string>(1_000)
    leases.heard('a', 1_500)
    leases.heard('a', 200)
    expect(leases.over(2_499)).toEqual([])
  })
})

describe('incarnations', () => {
  const table = [
    ['nobody known', undefined, 'a', 'first'],
    ['the one known', { incarnation: 'a', retired: [] }, 'a', 'same'],
    ['never heard before', { incarnation: 'a', retired: [] }, 'b', 'newer'],
    ['superseded', { incarnation: 'b', retired: ['a'] }, 'a', 'older'],
  ] as const
  test.each(table)('%s', (_, known, incarnation, meeting) => {
    expect(meet(known, incarnation)).toBe(meeting)
  })

  test('what took over retires the one before, and the list stays short', () => {
    let known = { incarnation: '0', retired: [] as string[] }
    for (let i = 1; i < 50; i++) known = { incarnation: String(i), retired: retire(known) }
    expect(known.retired).toEqual(['48', '47', '46', '45', '44', '43', '42', '41'])
  })
})
