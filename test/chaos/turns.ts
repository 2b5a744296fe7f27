// Carries a plan out at its times, as far as the victims allow: nothing is broken twice at a time, so a fault waits until its victims are
// well again, and all that comes after it is as much later. None is left out, and the pauses between faults stay as they were planned.
//
// A slow machine comes less far through the plan in its time. But no run ends before every kind of the plan had its turn: what a good
// run proves does not depend on how fast processes start.
import type { Fault } from './plan.ts'

/** Who carries faults out, and the time there, since the plan's start. */
export interface Breaker {
  nowMs(): number
  until(atMs: number): Promise<void>
  /** Resolves when none of its victims is in trouble. */
  untilWell(fault: Fault): Promise<void>
  /** The fault happens from now on. */
  begin(fault: Fault, waitedMs: number): void
}

/** Begins no fault that would last beyond `untilMs`, once every kind was among them. Resolves when the last one has begun. */
export async function takeTurns(plan: readonly Fault[], untilMs: number, breaker: Breaker): Promise<void> {
  const waiting = new Set(plan.map(({ kind }) => kind))
  let lateMs = 0
  for (const fault of plan) {
    await breaker.until(fault.atMs + lateMs)
    const fromMs = breaker.nowMs()
    await breaker.untilWell(fault)
    const waitedMs = breaker.nowMs() - fromMs
    lateMs += waitedMs
    if (waiting.size === 0 && breaker.nowMs() + fault.forMs > untilMs) return
    waiting.delete(fault.kind)
    breaker.begin(fault, waitedMs)
  }
}
