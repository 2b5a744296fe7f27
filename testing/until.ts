// Waiting for what a test says itself: its condition is looked at closely at first, then less often.
import { pause, realNowMs } from './simulator/real.ts'
import type { Time } from './time.ts'

/** Simulated ms between two looks; while time keeps pace with a handler, the first. */
const lookMs = { first: 5, growth: 1.2, most: 250 }

export interface Patience {
  /** Of simulated time. */
  readonly withinMs: number
  /** When that is over: until so much real time has passed since the beginning, at its pace. */
  readonly realMs: number
}

/** Null: the condition held in time. Otherwise what was wrong when it was looked at last. */
export async function until(
  time: Time,
  condition: () => Promise<boolean>,
  { withinMs, realMs }: Patience,
): Promise<unknown> {
  const endMs = time.nowMs + withinMs
  const realEndMs = realNowMs() + realMs
  for (let stepMs = lookMs.first; ; stepMs = Math.min(stepMs * lookMs.growth, lookMs.most)) {
    const error = await failureOf(condition)
    if (error === null) return null
    const leftMs = endMs - time.nowMs
    if (leftMs <= 0 && realNowMs() >= realEndMs) return error
    if (leftMs <= 0) await pause(lookMs.first)
    await time.pass(leftMs <= 0 || time.isSlow ? lookMs.first : Math.min(stepMs, leftMs))
  }
}

/** Null: it held. */
async function failureOf(condition: () => Promise<boolean>): Promise<unknown> {
  try {
    return (await condition()) ? null : new Error('it gave false')
  } catch (error) {
    return error ?? new Error(`it threw ${error}`)
  }
}
