import { describe, expect, test } from 'vitest'
import { fitReports, hasRoomFor, reportedGroupsMax, type SizedReport, subscribedBytesMax } from './report-room.ts'

const MiB = 1024 * 1024
const topicId = '00000000-0000-4000-8000-000000000001'

function sized(group: string, members: number, subscribedBytes = 100, targetBytes = 100): SizedReport {
  const member = (_: unknown, index: number) => {
    return { memberId: `m${index}`, rack: null, topics: ['orders'], target: { [topicId]: [index] } }
  }
  const report = { group, membership: 1, revision: 1, groupEpoch: 1, members: Array.from({ length: members }, member) }
  return { report, size: { subscribedBytes, targetBytes } }
}

test.each([
  ['nothing is in use', 0, 100, 100, true],
  ['it fits exactly', subscribedBytesMax - 100, 100, 100, true],
  ['it is one byte too much', subscribedBytesMax - 99, 100, 100, false],
  ['it does not grow, and there is too much already', 9 * MiB, 0, 100, true],
  ['it is large, and the rest is for small ones', 3 * MiB - 10, 5_000, 5_000, false],
  ['it grows by little, but is large by now', 3 * MiB - 10, 100, 5_000, false],
  ['it is small, and the rest is for such', 3 * MiB - 10, 4_000, 4_000, true],
])('room when %s', (_, usedBytes, growthBytes, memberBytes, expected) => {
  expect(hasRoomFor(usedBytes, growthBytes, memberBytes)).toBe(expected)
})

describe('a report', () => {
  test('has all groups while they fit', () => {
    const all = [sized('a', 1), sized('b', 0)]
    expect(fitReports(all)).toEqual({ reports: all.map(({ report }) => report), leftOut: 0, withoutTarget: 0 })
  })

  test('of too many groups leaves out those without members first, and says how many', () => {
    const all = Array.from({ length: reportedGroupsMax + 2 }, (_, index) => sized(`g${index}`, index < 3 ? 0 : 1, 1, 1))
    const { reports, leftOut } = fitReports(all)
    expect([reports.length, leftOut]).toEqual([reportedGroupsMax, 2])
    expect(reports.filter(({ members }) => members.length === 0)).toHaveLength(1)
  })

  test('of too many subscriptions leaves out groups, and says how many', () => {
    const { reports, leftOut } = fitReports([sized('a', 1, 3 * MiB), sized('b', 1, 2 * MiB), sized('c', 1, MiB)])
    expect([reports.map(({ group }) => group), leftOut]).toEqual([['a', 'c'], 1])
  })

  test('of too large targets names what members want, not what they have', () => {
    const { reports, withoutTarget, leftOut } = fitReports([sized('a', 1, 1, 3 * MiB), sized('b', 1, 1, 2 * MiB)])
    expect(reports.map(({ members }) => members[0])).toEqual([
      { memberId: 'm0', rack: null, topics: ['orders'], target: { [topicId]: [0] } },
      { memberId: 'm0', rack: null, topics: ['orders'], target: {} },
    ])
    expect([withoutTarget, leftOut]).toEqual([1, 0])
  })
})
