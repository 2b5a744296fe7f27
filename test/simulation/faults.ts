// What goes wrong in a run: a schedule made from the seed before the run begins.
import type { SeededRandom } from '@castellan/testing/simulator'

export const faultKinds = [
  'kill-broker', // kill -9, back after a while
  'power-broker', // the power goes: unsynced bytes may be gone
  'kill-castle',
  'kill-consumer',
  'lost-answers', // brokers hear the producer, it does not hear them, and then its connections break
  'cut', // nothing passes between two hosts
  'cut-one-way',
  'delay', // a slow way
  'slow-disk',
  'clock-jump', // a machine's wall clock
] as const

export type FaultKind = (typeof faultKinds)[number]

export interface Fault {
  readonly kind: FaultKind
  readonly atMs: number
  /** How long it lasts: until the process is started again, or the way is healed. */
  readonly forMs: number
  /** Chooses the victim, see `Cluster.inject`. */
  readonly victim: number
  readonly other: number
}

/** `count` faults between `fromMs` and `untilMs`; each has ended by `untilMs`. */
export function planFaults(random: SeededRandom, count: number, fromMs: number, untilMs: number): Fault[] {
  const faults: Fault[] = []
  for (let i = 0; i < count; i++) {
    const atMs = fromMs + random.next() * (untilMs - fromMs) * 0.9
    faults.push({
      kind: random.pick(faultKinds),
      atMs,
      forMs: Math.min(untilMs - atMs, 100 + random.next() ** 2 * 8_000),
      victim: random.uint32(),
      other: random.uint32(),
    })
  }
  return faults.sort((a, b) => a.atMs - b.atMs)
}
