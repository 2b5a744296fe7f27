// How long clients take to pick changes up.
import { expect, test } from 'vitest'
import { type Holds, Session } from '../heartbeats/session.ts'
import type { Topic } from '../state/entities.ts'
import { Pickups } from './pickups.ts'

const topics = Array.from(
  { length: 150 },
  (_, index) => ({ topicId: `t${index}`, version: 1, deleted: false }) as Topic,
)
const held = (version: number): Holds => Object.fromEntries(topics.map(({ topicId }) => [`topic/${topicId}`, version]))

function reported(session: Session, pickups: Pickups, holds: Holds, nowMs: number): void {
  const before = session.report.holds
  session.report = { ...session.report, holds }
  pickups.confirm(session, before, topics, nowMs)
}

function client(): Session {
  const report = { kind: 'client' as const, service: 's', host: 'h', pid: 1, release: 't', cluster: null }
  return new Session('client', '1', 'i', [], { ...report, topics: [], groups: [], holds: held(1) })
}

test('a change is confirmed by the report that says first that it is applied, and not again: however many topics changed', () => {
  const pickups = new Pickups()
  const session = client()
  reported(session, pickups, held(1), 0)
  for (const topic of topics) pickups.committed({ ...topic, version: 2 }, 100)
  reported(session, pickups, held(2), 130)
  const first = new Map(session.confirmed)
  expect(first.get('t149')).toEqual({ version: 2, appliedMs: 30 })
  // The oldest are forgotten, not taken for new.
  expect(first.size).toBe(100)
  reported(session, pickups, held(2), 9_000)
  expect(session.confirmed).toEqual(first)
})

test('a client that came after a change did not wait for it', () => {
  const pickups = new Pickups()
  for (const topic of topics) pickups.committed({ ...topic, version: 2 }, 100)
  const session = client()
  reported(session, pickups, held(1), 200)
  reported(session, pickups, held(2), 230)
  expect(session.confirmed).toBeUndefined()
})
