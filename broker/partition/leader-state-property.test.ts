// The leader's rules against what really happened: whatever the order of appends, fetches and sessions, Ack 1 is answered only while all
// others hold what is older than a second (R2), and the high watermark is nothing that a member of the ISR lacks (R1).
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  beginLeading,
  holdsRecent,
  type IsrView,
  type LeaderEvent,
  type Presence,
  safeEndOffset,
  step,
  wantedIsr,
} from './leader-state.ts'

const ids = [2, 3]

/** A follower as it is: what it has, what its fetch session at the leader has. */
interface Real {
  has: number
  isAsked: boolean
  presence: Presence
}

type Op =
  | { kind: 'append' }
  | { kind: 'pass'; ms: number }
  /** It takes what is there, or a part, and asks on. */
  | { kind: 'fetch'; id: number; records: number }
  /** It asks on, without a word of this partition: of it, nothing is new. */
  | { kind: 'still'; id: number }
  | { kind: 'leave'; id: number }
  | { kind: 'isr'; isr: number[] }
  | { kind: 'propose'; isr: number[] }

const id = fc.constantFrom(...ids)
const isr = fc.subarray(ids).map((some) => [1, ...some])
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Op>({ kind: 'append' }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('fetch' as const), id, records: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('still' as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('isr' as const), isr }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('propose' as const), isr }) },
)

test('what a leader concludes is so', () => {
  fc.assert(
    fc.property(fc.array(op, { minLength: 20, maxLength: 80 }), (ops) => {
      let nowMs = 10_000
      let end = 0
      /** The leader's end since then. */
      const ends: [ms: number, end: number][] = [[0, 0]]
      const endAt = (ms: number) => ends.findLast(([sinceMs]) => sinceMs <= ms)![1]
      const assigned = { leader: 1, leaderEpoch: 5, partitionEpoch: 1, replicas: [1, 2, 3], isr: [1, 2, 3] }
      let state = beginLeading({ brokerId: 1, assigned, minInsync: 1, endOffset: 0, nowMs })
      const counted = () => new Set([...state.assigned.isr, ...(state.proposed ?? [])])
      const take = (event: LeaderEvent) => {
        state = step(state, event)
      }
      const reals = new Map(ids.map((one) => [one, { has: 0, isAsked: false, presence: { fetchedMs: 0 } } as Real]))
      const view = (): IsrView => ({
        nowMs,
        lagTimeMaxMs: 2_000,
        listeningSinceMs: 0,
        leaderEndOffset: end,
        highWatermark: Math.max(0, safeEndOffset(state, end)),
        isStaying: () => true,
      })
      for (const one of ops) {
        if (one.kind === 'append') {
          take({ kind: 'appended', fromOffset: end })
          end++
          ends.push([nowMs, end])
        } else if (one.kind === 'pass') nowMs += one.ms
        else if (one.kind === 'isr') {
          const partitionEpoch = state.assigned.partitionEpoch + 1
          take({ kind: 'assigned', assigned: { ...assigned, isr: one.isr, partitionEpoch }, minInsync: 1 })
        } else if (one.kind === 'propose') take({ kind: 'proposed', isr: one.isr })
        else {
          const real = reals.get(one.id)!
          if (one.kind === 'leave') {
            if (real.isAsked) take({ kind: 'left', id: one.id, presence: real.presence, leaderEndOffset: end })
            real.isAsked = false
          } else if (one.kind === 'still') real.presence.fetchedMs = nowMs
          else {
            real.has = Math.min(end, real.has + one.records)
            real.presence.fetchedMs = nowMs
            real.isAsked = true
            const { has: endOffset, presence } = real
            take({
              kind: 'fetched',
              id: one.id,
              brokerEpoch: 40,
              endOffset,
              leaderEndOffset: end,
              isSynced: false,
              nowMs,
              presence,
            })
          }
        }
        const members = ids.filter((one) => counted().has(one))
        if (holdsRecent(state, end, nowMs)) {
          for (const one of members) expect(reals.get(one)!.has).toBeGreaterThanOrEqual(endAt(nowMs - 1_001))
        }
        for (const one of members) expect(safeEndOffset(state, end)).toBeLessThanOrEqual(reals.get(one)!.has)
        for (const one of wantedIsr(state, view()) ?? []) {
          if (one === 1 || state.assigned.isr.includes(one)) continue
          expect(reals.get(one)!.has).toBeGreaterThanOrEqual(endAt(nowMs - 1_001))
        }
        // One that asks, has all and is in touch holds nobody up.
        if (
          members.every(
            (one) =>
              reals.get(one)!.isAsked && reals.get(one)!.has === end && reals.get(one)!.presence.fetchedMs === nowMs,
          )
        )
          expect(holdsRecent(state, end, nowMs)).toBe(true)
      }
    }),
    { numRuns: 1_000 },
  )
})
