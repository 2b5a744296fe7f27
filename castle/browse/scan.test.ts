import type { Rec } from '@castellan/protocol/records'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewBytes } from '../views/messages.ts'
import { type Lane, matches, newLane, pick, startOf } from './scan.ts'

const record = (offset: number, timestamp: number, value = 'v', key: string | null = null): Rec => {
  return { offset, timestamp, key: key === null ? null : Buffer.from(key), value: Buffer.from(value), headers: [] }
}

function lane(partition: number, records: readonly Rec[]): Lane {
  const made = newLane(partition, 0, 100)
  made.matches.push(...records)
  made.at = 100
  return made
}

const shown = (lanes: readonly Lane[], limit: number, newest = false, bytesMax = 1_000_000) => {
  const { picked, next } = pick(lanes, limit, bytesMax, newest)
  return { picked: picked.map((each) => `${each.partition}/${each.record.offset}`), next: Object.fromEntries(next) }
}

test('messages of several partitions are shown by time; the next page begins at the first one left out', () => {
  const lanes = [lane(0, [record(1, 10), record(5, 30)]), lane(1, [record(2, 20), record(3, 15)])]
  // Within a partition the offsets count, whatever the clocks of producers said.
  expect(shown(lanes, 3)).toEqual({ picked: ['0/1', '1/2', '1/3'], next: { 0: 5, 1: 100 } })
  expect(shown(lanes, 1)).toEqual({ picked: ['0/1'], next: { 0: 5, 1: 2 } })
  expect(shown(lanes, 2, true)).toEqual({ picked: ['1/3', '0/5'], next: { 0: 100, 1: 100 } })
})

test('a page is bounded in bytes, and shows one message always', () => {
  const lanes = [lane(0, [record(1, 10, 'x'.repeat(500)), record(2, 20, 'x'.repeat(500))])]
  expect(shown(lanes, 10, false, 100)).toEqual({ picked: ['0/1'], next: { 0: 2 } })
})

test('page after page shows everything once, in order within each partition', () => {
  const lanesOf = fc.array(fc.array(fc.nat(50), { maxLength: 15 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(lanesOf, fc.integer({ min: 1, max: 7 }), (times, limit) => {
      const all = times.map((stamps) => stamps.map((timestamp, offset) => record(offset, timestamp)))
      const at = new Map(all.map((_, partition) => [partition, 0]))
      const seen: string[] = []
      for (let pages = 0; pages < 100; pages++) {
        const lanes = all.map((records, id) =>
          lane(
            id,
            records.filter(({ offset }) => offset >= (at.get(id) ?? 0)),
          ),
        )
        const { picked, next } = pick(lanes, limit, 1_000_000, false)
        if (picked.length === 0) break
        seen.push(...picked.map((each) => `${each.partition}/${each.record.offset}`))
        for (const [partition, offset] of next) at.set(partition, offset)
      }
      const expected = all.flatMap((records, id) => records.map(({ offset }) => `${id}/${offset}`))
      expect([...seen].sort()).toEqual(expected.sort())
      for (const [id, records] of all.entries()) {
        const own = seen.filter((each) => each.startsWith(`${id}/`))
        expect(own).toEqual(records.map(({ offset }) => `${id}/${offset}`))
      }
    }),
  )
})

test.each([
  ['earliest' as const, null, 20],
  ['latest' as const, null, 90],
  [5, null, 20],
  [50, null, 50],
  [500, null, 100],
  [{ timeMs: 1 }, 30, 30],
  [{ timeMs: 1 }, -1, 100],
])('where %j is in a partition from 20 to 100', (position, found, start) => {
  expect(startOf(position, 20, 100, 10, found)).toBe(start)
})

test('filters: the whole key, a part of key or value', () => {
  const one = record(0, 0, '{"id":7,"name":"Zoë"}', 'o-7')
  expect(matches(one, {})).toBe(true)
  expect(matches(one, { key: Buffer.from('o-7') })).toBe(true)
  expect(matches(one, { key: Buffer.from('o-') })).toBe(false)
  expect(matches(one, { contains: Buffer.from('Zoë') })).toBe(true)
  expect(matches(one, { contains: Buffer.from('o-7') })).toBe(true)
  expect(matches(one, { key: Buffer.from('o-7'), contains: Buffer.from('nothing') })).toBe(false)
  expect(matches({ ...one, key: null, value: null }, { contains: Buffer.from('a') })).toBe(false)
})

test('bytes are shown as text where they are UTF-8, and cut between characters', () => {
  expect(viewBytes(null)).toBeNull()
  expect(viewBytes(Buffer.from('Zoë'))).toEqual({ text: 'Zoë' })
  expect(viewBytes(Buffer.from([0xff, 0x00]))).toEqual({ base64: '/wA=' })
  expect(viewBytes(Buffer.from('Zoë!'), 3)).toEqual({ text: 'Zo', truncated: true })
  expect(viewBytes(Buffer.from('Zoë!'), 4)).toEqual({ text: 'Zoë', truncated: true })
  expect(viewBytes(Buffer.from([0xff, 1, 2, 3]), 2)).toEqual({ base64: '/wE=', truncated: true })
})
