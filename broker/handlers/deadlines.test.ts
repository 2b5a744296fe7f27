import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { Deadlines, Waiting } from './deadlines.ts'

class Wait extends Waiting {
  expiredMs: number | undefined
  readonly #clock: FakeClock
  constructor(clock: FakeClock) {
    super()
    this.#clock = clock
  }
  override expire(): void {
    expect(this.expiredMs).toBeUndefined()
    this.expiredMs = this.#clock.nowMs()
  }
}

test('who is not removed in time expires once, at most 50 ms late; who is, never', async () => {
  const plan = fc.array(fc.record({ delayMs: fc.nat(500), removedMs: fc.option(fc.nat(500)) }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(plan, async (waits) => {
      const clock = new FakeClock()
      const deadlines = new Deadlines(clock)
      const made = waits.map(({ delayMs, removedMs }) => {
        const wait = new Wait(clock)
        deadlines.add(wait, delayMs)
        if (removedMs !== null) clock.after(removedMs, () => deadlines.remove(wait))
        return wait
      })
      await clock.advance(1000)
      for (const [i, { delayMs, removedMs }] of waits.entries()) {
        const { expiredMs } = made[i]!
        if (removedMs !== null && removedMs < delayMs) expect(expiredMs).toBeUndefined()
        else if (removedMs === null || removedMs > delayMs + 50) {
          expect(expiredMs).toBeGreaterThanOrEqual(delayMs)
          expect(expiredMs).toBeLessThanOrEqual(delayMs + 50)
        }
      }
      expect(clock.timers).toBe(0)
    }),
  )
})
