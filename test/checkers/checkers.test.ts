// The checkers bite: each broken history is found by the checker whose promise it breaks, and by no other.
import { expect, test } from 'vitest'
import { checkAll, type History } from './index.ts'

const a0 = { key: 'a', n: 0 }
const a1 = { key: 'a', n: 1 }
const a2 = { key: 'a', n: 2 }

const good = {
  sent: [a0, a1, a2],
  failed: [],
  acknowledged: [
    { ...a0, partition: 0, offset: 0, atMs: 10 },
    { ...a1, partition: 0, offset: 1, atMs: 20 },
    { ...a2, partition: 0, offset: 2, atMs: 30 },
  ],
  stored: new Map([
    [
      0,
      [
        { ...a0, offset: 0 },
        { ...a1, offset: 1 },
        { ...a2, offset: 2 },
      ],
    ],
  ]),
  handled: [
    { ...a0, member: 'm1', partition: 0, offset: 0, epoch: 1, startMs: 40, endMs: 41, done: true },
    { ...a1, member: 'm1', partition: 0, offset: 1, epoch: 1, startMs: 41, endMs: 45, done: true },
    { ...a2, member: 'm2', partition: 0, offset: 2, epoch: 2, startMs: 50, endMs: 55, done: true },
  ],
  commits: [
    { partition: 0, offset: 1, atMs: 45 },
    { partition: 0, offset: 3, atMs: 60 },
  ],
  losses: [],
  coordinatorLosses: [],
} satisfies History

const lostTail = new Map([[0, good.stored.get(0)!.slice(0, 2)]])
const twice = new Map([[0, [...good.stored.get(0)!, { ...a1, offset: 3 }]]])
const hole = new Map([[0, [good.stored.get(0)![0]!, { ...a2, offset: 1 }]]])

const cases: { name: string; history: History; broken: string[] }[] = [
  { name: 'nothing is wrong', history: good, broken: [] },
  {
    name: 'an acknowledged message is gone',
    history: { ...good, stored: lostTail },
    broken: ['R1 nothing acknowledged is lost'],
  },
  {
    name: 'a power loss excuses what was acknowledged before it',
    history: { ...good, stored: lostTail, losses: [{ partition: 0, fromOffset: 2, atMs: 35 }] },
    broken: [],
  },
  {
    name: 'a power loss does not excuse what was acknowledged after it',
    history: { ...good, stored: lostTail, losses: [{ partition: 0, fromOffset: 2, atMs: 25 }] },
    broken: ['R1 nothing acknowledged is lost'],
  },
  {
    name: 'a message stands at another offset than the producer was told',
    history: { ...good, acknowledged: good.acknowledged.map((one) => (one.n === 2 ? { ...one, offset: 1 } : one)) },
    broken: ['R1 nothing acknowledged is lost'],
  },
  { name: 'a message stands twice', history: { ...good, stored: twice }, broken: ['R4 order, no duplicates, no gaps'] },
  {
    name: 'a message between two others is missing',
    history: { ...good, stored: hole },
    broken: ['R1 nothing acknowledged is lost', 'R4 order, no duplicates, no gaps'],
  },
  {
    name: 'a message whose send failed may be missing between two others',
    history: {
      ...good,
      acknowledged: [good.acknowledged[0]!, { ...a2, partition: 0, offset: 1, atMs: 30 }],
      failed: [a1],
      stored: hole,
      handled: good.handled.filter((one) => one.n === 0),
    },
    // That nobody handled a2 and that a1 never was acknowledged is another promise's business.
    broken: ['progress after the faults'],
  },
  {
    name: 'two consumers read different messages at one offset',
    history: {
      ...good,
      handled: [
        ...good.handled,
        { ...a0, member: 'm3', partition: 0, offset: 2, epoch: 3, startMs: 70, endMs: 71, done: true },
      ],
    },
    broken: ['R3 consumers agree'],
  },
  {
    name: 'two members work on one partition at a time',
    history: { ...good, handled: good.handled.map((one) => (one.n === 2 ? { ...one, startMs: 44 } : one)) },
    broken: ['S3 one owner at a time'],
  },
  {
    name: 'a member never stops working on a partition that another took',
    history: { ...good, handled: good.handled.map((one) => (one.n === 1 ? { ...one, endMs: null } : one)) },
    broken: ['S3 one owner at a time'],
  },
  {
    name: 'an owner of an older epoch comes after a newer one',
    history: { ...good, handled: good.handled.map((one) => (one.n === 2 ? { ...one, epoch: 0 } : one)) },
    broken: ['S3 one owner at a time'],
  },
  {
    name: 'a commit goes back',
    history: { ...good, commits: [...good.commits, { partition: 0, offset: 2, atMs: 70 }] },
    broken: ['commits never go back'],
  },
  {
    name: 'a power loss that took what was committed lets a commit go back',
    history: {
      ...good,
      commits: [...good.commits, { partition: 0, offset: 2, atMs: 70 }],
      losses: [{ partition: 0, fromOffset: 2, atMs: 65 }],
    },
    broken: [],
  },
  {
    name: 'a message is never acknowledged',
    history: { ...good, sent: [...good.sent, { key: 'b', n: 0 }] },
    broken: ['progress after the faults'],
  },
  {
    name: 'a message is never handled to its end',
    history: { ...good, handled: good.handled.map((one) => (one.n === 1 ? { ...one, done: false } : one)) },
    broken: ['progress after the faults'],
  },
]

test.each(cases)('$name', ({ history, broken }) => {
  const invalid = checkAll(history).filter((verdict) => verdict.outcome === 'invalid')
  expect(invalid.map((verdict) => verdict.promise)).toEqual(broken)
})

test('an empty history proves nothing', () => {
  const empty: History = { ...good, sent: [], acknowledged: [], handled: [], commits: [], stored: new Map() }
  expect(checkAll(empty).every((verdict) => verdict.outcome === 'unknown')).toBe(true)
})
