// The checkers bite: each broken history is found by the checker whose promise it breaks, and by no other.
import { expect, test } from 'vitest'
import { checkAll, emptyHistory, type History, type ReplicaLog } from './index.ts'

const partition = 'orders/0'
const [a0, a1, a2] = [0, 1, 2].map((n) => ({ key: 'a', n })) as [Message, Message, Message]
interface Message {
  key: string
  n: number
}

const at = (message: Message, offset: number) => ({ ...message, topic: 'orders', partition, offset })
const log = (broker: number, digests: string[]): ReplicaLog => ({
  partition,
  broker,
  startOffset: 0,
  endOffset: digests.length,
  highWatermark: digests.length,
  inSync: true,
  batches: digests.map((digest, offset) => ({ offset, leaderEpoch: 1, digest })),
})
const handling = { group: 'g', partition, done: true }
const replica = { partition, broker: 1, process: '1-a', leaderEpoch: 1, isLeader: true, endOffset: 3 }

const good = {
  ...emptyHistory,
  sent: [a0, a1, a2].map((message) => ({ ...message, topic: 'orders' })),
  acknowledged: [
    { ...at(a0, 0), level: -1, atMs: 10_000 },
    { ...at(a1, 1), level: -1, atMs: 20_000 },
    { ...at(a2, 2), level: -1, atMs: 30_000 },
  ],
  stored: new Map([[partition, [a0, a1, a2].map((message, offset) => ({ ...message, offset }))]]),
  handled: [
    { ...handling, ...a0, member: 'm1', offset: 0, epoch: 1, startMs: 40_000, endMs: 41_000 },
    { ...handling, ...a1, member: 'm1', offset: 1, epoch: 1, startMs: 41_000, endMs: 45_000 },
    { ...handling, ...a2, member: 'm2', offset: 2, epoch: 2, startMs: 50_000, endMs: 55_000 },
  ],
  commits: [
    { group: 'g', partition, offset: 1, atMs: 45_000 },
    { group: 'g', partition, offset: 3, atMs: 60_000 },
  ],
  reads: [{ reader: 'r', ...at(a1, 1), atMs: 25_000 }],
  seenEnds: [
    { reader: 'r', partition, offset: 2, atMs: 25_000 },
    { reader: 'r', partition, offset: 3, atMs: 35_000 },
  ],
  leaderships: [
    { partition, leaderEpoch: 1, broker: 1, process: '1-a', atMs: 5_000 },
    { partition, leaderEpoch: 1, broker: 1, process: null, atMs: 4_000 },
    { partition, leaderEpoch: 2, broker: 2, process: '2-a', atMs: 32_000 },
  ],
  replicaStates: [
    { ...replica, highWatermark: 1, atMs: 12_000 },
    { ...replica, highWatermark: 3, atMs: 32_000 },
    { ...replica, process: '1-b', highWatermark: 2, atMs: 34_000 },
  ],
  replicaLogs: [log(1, ['x', 'y', 'z']), log(2, ['x', 'y', 'z'])],
  ends: [{ partition, leader: 2, replicas: [1, 2], isr: [2, 1] }],
} satisfies History

const lastLost: Partial<History> = {
  stored: new Map([[partition, good.stored.get(partition)!.slice(0, 2)]]),
  handled: good.handled.slice(0, 2),
}
const hole = new Map([[partition, [good.stored.get(partition)![0]!, { ...a2, offset: 1 }]]])
const asAck1 = good.acknowledged.map((one) => ({ ...one, level: 1 as const }))
const counted = {
  partition,
  atMs: 35_000,
  leaderEpoch: 2,
  endOffset: 2,
  kept: null,
  messagesMax: null,
  why: 'unclean election',
}
const b = { key: 'b', n: 0 }
/** The last one is gone, and another message stands at its offset. */
const lastReplaced: Partial<History> = {
  sent: [...good.sent, { ...b, topic: 'orders' }],
  acknowledged: [...good.acknowledged, { ...at(b, 2), level: -1, atMs: 60_000 }],
  stored: new Map([[partition, [a0, a1, b].map((message, offset) => ({ ...message, offset }))]]),
  handled: [
    ...good.handled.slice(0, 2),
    { ...good.handled[2]!, leaderEpoch: 1 },
    { ...good.handled[2]!, ...b, leaderEpoch: 2, startMs: 61_000, endMs: 62_000 },
  ],
  losses: [counted],
}

const R1 = 'R1 nothing acknowledged is lost'
const R2 = 'R2 at Ack 1 a second is lost at most'
const R4 = 'R4 order, no duplicates, no gaps'
const R7 = 'R7 only what is permitted is given up'
const agree = 'R3 consumers agree'
const owner = 'S3 one owner at a time'
const progress = 'progress after the faults'

const cases: { name: string; history: Partial<History>; broken: string[] }[] = [
  { name: 'nothing is wrong', history: {}, broken: [] },
  { name: 'an acknowledged message is gone', history: lastLost, broken: [R1] },
  {
    name: 'trouble around it excuses nothing at Ack -1',
    history: { ...lastLost, troubles: [{ machines: ['broker-1'], fromMs: 29_500, untilMs: 30_500 }] },
    broken: [R1],
  },
  {
    name: 'a message at Ack 1 is gone, and all was well',
    history: { ...lastLost, acknowledged: asAck1 },
    broken: [R2],
  },
  {
    name: 'a message at Ack 1 is gone, and its leader died within the second',
    history: {
      ...lastLost,
      acknowledged: asAck1,
      troubles: [{ machines: ['broker-1'], fromMs: 30_900, untilMs: 40_000 }],
    },
    broken: [],
  },
  {
    name: 'a message at Ack 1 is gone, and a follower was cut off within the second (seed 8809)',
    history: {
      ...lastLost,
      acknowledged: asAck1,
      troubles: [{ machines: ['broker-3'], fromMs: 30_500, untilMs: 40_000 }],
    },
    broken: [],
  },
  {
    name: 'a message at Ack 1 is gone, and its leader died later',
    history: {
      ...lastLost,
      acknowledged: asAck1,
      troubles: [{ machines: ['broker-1'], fromMs: 31_100, untilMs: 40_000 }],
    },
    broken: [R2],
  },
  {
    name: 'a message at Ack 1 is gone, and a cut had ended more than a second before',
    history: {
      ...lastLost,
      acknowledged: asAck1,
      troubles: [{ machines: ['broker-1'], fromMs: 20_000, untilMs: 28_900 }],
    },
    broken: [R2],
  },
  {
    name: 'a message at Ack 1 is gone, whose answer a cut had held up since before its leader died',
    history: {
      ...lastLost,
      acknowledged: asAck1.map((one) => ({ ...one, sentMs: one.atMs - 2_000 })),
      troubles: [{ machines: ['broker-1'], fromMs: 28_000, untilMs: 28_000 }],
    },
    broken: [],
  },
  {
    name: 'at Ack 0 nothing is promised',
    history: { ...lastLost, acknowledged: good.acknowledged.map((one) => (one.n === 2 ? { ...one, level: 0 } : one)) },
    broken: [],
  },
  {
    name: 'a counted loss excuses what was acknowledged before it',
    history: { ...lastLost, losses: [counted] },
    broken: [],
  },
  {
    name: 'a counted loss does not excuse what was acknowledged after it',
    history: { ...lastLost, losses: [{ ...counted, atMs: 25_000 }] },
    broken: [R1],
  },
  {
    name: 'a counted loss does not excuse what stood below the end of the log that went on',
    history: { ...lastLost, losses: [{ ...counted, endOffset: 3 }] },
    broken: [R1],
  },
  {
    name: 'nor what the log that went on had',
    history: { ...lastLost, losses: [{ ...counted, endOffset: 3, kept: new Map([a0, a1, a2].entries()) }] },
    broken: [R1],
  },
  {
    name: 'the log that went on had another message at that offset',
    history: { ...lastLost, losses: [{ ...counted, endOffset: 3, kept: new Map([a0, a1, b].entries()) }] },
    broken: [],
  },
  {
    name: 'as many messages are gone as were counted as lost',
    history: { ...lastLost, losses: [{ ...counted, messagesMax: 1 }] },
    broken: [],
  },
  {
    name: 'more messages are gone than were counted as lost',
    history: { ...lastLost, losses: [{ ...counted, messagesMax: 0 }] },
    broken: [R7],
  },
  {
    name: 'what an earlier loss took counts for that one',
    history: {
      ...lastLost,
      losses: [
        { ...counted, messagesMax: 1 },
        { ...counted, atMs: 36_000, leaderEpoch: 3, messagesMax: 0 },
      ],
    },
    broken: [],
  },
  {
    name: 'messages are given up, and nothing permits it',
    history: { ...lastLost, losses: [{ ...counted, why: null }] },
    broken: [R7],
  },
  {
    name: 'a message stands at another offset than the producer was told',
    history: { acknowledged: good.acknowledged.map((one) => (one.n === 2 ? { ...one, offset: 1 } : one)) },
    broken: [R1],
  },
  {
    name: 'a message stands twice',
    history: { stored: new Map([[partition, [...good.stored.get(partition)!, { ...a1, offset: 3 }]]]) },
    broken: [R4],
  },
  {
    name: 'a message stands after a later one',
    history: {
      sent: good.sent.slice(1),
      acknowledged: [],
      handled: good.handled.slice(0, 1).map((one) => ({ ...one, ...a1 })),
      reads: [],
      failed: [a0, a2],
      stored: new Map([[partition, [a1, a0].map((message, offset) => ({ ...message, offset }))]]),
    },
    // That a0 was never handled is another promise's business.
    broken: [R4, progress],
  },
  {
    name: 'a message between two others is missing',
    history: { stored: hole, handled: good.handled.slice(0, 1), reads: [] },
    broken: [R1, R4, progress],
  },
  {
    name: 'a message whose send failed may be missing between two others',
    history: {
      acknowledged: [good.acknowledged[0]!, { ...at(a2, 1), level: -1, atMs: 30_000 }],
      failed: [a1],
      stored: hole,
      reads: [],
      handled: [good.handled[0]!, { ...good.handled[2]!, offset: 1 }],
    },
    broken: [],
  },
  {
    name: 'two consumers read different messages at one offset',
    history: { reads: [...good.reads, { reader: 'r2', ...at(a0, 2), atMs: 50_000 }] },
    broken: [agree],
  },
  {
    name: 'a consumer read what is not there in the end',
    history: { ...lastLost, acknowledged: good.acknowledged.slice(0, 2), failed: [a2], handled: good.handled },
    broken: [agree],
  },
  {
    name: 'a consumer read what a counted loss took',
    history: {
      ...lastLost,
      acknowledged: good.acknowledged.slice(0, 2),
      failed: [a2],
      handled: good.handled,
      losses: [{ ...counted, atMs: 60_000 }],
    },
    broken: [],
  },
  {
    name: 'a consumer handles what a counted loss took long after it, and then what was written there (seed 472695789)',
    history: lastReplaced,
    broken: [],
  },
  {
    name: 'a consumer handles what was written after the loss, and it is gone',
    history: {
      ...lastReplaced,
      handled: lastReplaced.handled!.map((one) => (one.key === 'a' && one.n === 2 ? { ...one, leaderEpoch: 2 } : one)),
    },
    broken: [agree],
  },
  {
    name: 'consumers read different messages of one epoch, and a counted loss took both',
    history: {
      ...lastReplaced,
      reads: [...good.reads, { reader: 'r', ...at(a0, 2), leaderEpoch: 1, atMs: 32_000 }],
    },
    broken: [agree],
  },
  {
    name: 'a reader is told an older end',
    history: { seenEnds: [...good.seenEnds, { reader: 'r', partition, offset: 2, atMs: 36_000 }] },
    broken: ['R3 no reader sees the end go back'],
  },
  {
    name: 'a reader is told an end that was lost since it asked (issue 5, seed 1029)',
    history: {
      losses: [{ ...counted, atMs: 50_000 }],
      seenEnds: [
        { reader: 'r', partition, offset: 3, askedMs: 40_000, atMs: 70_000 },
        { reader: 'r', partition, offset: 2, atMs: 71_000 },
      ],
    },
    broken: [],
  },
  {
    name: 'a reader that asked after the loss is told an end that was lost',
    history: {
      losses: [{ ...counted, atMs: 50_000 }],
      seenEnds: [
        { reader: 'r', partition, offset: 3, askedMs: 60_000, atMs: 70_000 },
        { reader: 'r', partition, offset: 2, atMs: 71_000 },
      ],
    },
    broken: ['R3 no reader sees the end go back'],
  },
  {
    name: 'two brokers lead at one epoch',
    history: { leaderships: good.leaderships.map((one) => ({ ...one, leaderEpoch: 1 })) },
    broken: ['R5 one leader an epoch'],
  },
  {
    name: 'a new process leads at its old epoch',
    history: { leaderships: [...good.leaderships, { ...good.leaderships[0]!, process: '1-b' }] },
    broken: ['R5 one leader an epoch'],
  },
  {
    name: "a replica's high watermark goes back",
    history: { replicaStates: [...good.replicaStates, { ...good.replicaStates[2]!, highWatermark: 1 }] },
    broken: ['HW never goes back'],
  },
  {
    name: 'it may by a loss that the replica has heard of',
    history: {
      replicaStates: [...good.replicaStates, { ...good.replicaStates[2]!, leaderEpoch: 2, highWatermark: 1 }],
      losses: [counted],
    },
    broken: [],
  },
  {
    name: 'it may not by a loss of a later epoch',
    history: {
      replicaStates: [...good.replicaStates, { ...good.replicaStates[2]!, highWatermark: 1 }],
      losses: [counted],
    },
    broken: ['HW never goes back'],
  },
  {
    name: 'a replica calls safe what it has not got',
    history: { replicaStates: [{ ...replica, highWatermark: 4, atMs: 1 }] },
    broken: ['HW never goes back'],
  },
  {
    name: 'replicas have different bytes',
    history: { replicaLogs: [log(1, ['x', 'y', 'z']), log(2, ['x', 'Y', 'z'])] },
    broken: ['R5 replicas have the same log'],
  },
  {
    name: 'above the high watermark they may',
    history: { replicaLogs: [log(1, ['x', 'y', 'z']), { ...log(2, ['x', 'Y', 'z']), highWatermark: 1 }] },
    broken: [],
  },
  {
    name: 'two members work on one partition at a time',
    history: { handled: good.handled.map((one) => (one.n === 2 ? { ...one, startMs: 44_000 } : one)) },
    broken: [owner],
  },
  {
    name: 'a member never stops working on a partition that another took',
    history: { handled: good.handled.map((one) => (one.n === 1 ? { ...one, endMs: null } : one)) },
    broken: [owner],
  },
  {
    name: 'a member stands still in its work, and another takes the partition meanwhile',
    history: {
      handled: good.handled.map((one) => (one.n === 1 ? { ...one, endMs: 52_000 } : one)),
      stalls: [{ member: 'm1', fromMs: 44_000, untilMs: 52_000 }],
    },
    broken: [],
  },
  {
    name: 'a member goes on for long when it has stood still, and another has the partition',
    history: {
      handled: good.handled.map((one) => (one.n === 1 ? { ...one, endMs: 52_000 } : one)),
      stalls: [{ member: 'm1', fromMs: 44_000, untilMs: 49_000 }],
    },
    broken: [owner],
  },
  {
    name: 'members of two groups do work on one partition',
    history: {
      handled: [...good.handled, ...good.handled.map((one) => ({ ...one, group: 'h', member: `h-${one.member}` }))],
    },
    broken: [],
  },
  {
    name: 'an owner of an older epoch comes after a newer one',
    history: { handled: good.handled.map((one) => (one.n === 2 ? { ...one, epoch: 0 } : one)) },
    broken: [owner],
  },
  {
    name: 'a commit goes back',
    history: { commits: [...good.commits, { group: 'g', partition, offset: 2, atMs: 70_000 }] },
    broken: ['commits never go back'],
  },
  {
    name: 'a loss that took what was committed lets a commit go back',
    history: {
      commits: [...good.commits, { group: 'g', partition, offset: 2, atMs: 70_000 }],
      losses: [{ ...counted, atMs: 65_000 }],
    },
    broken: [],
  },
  {
    name: 'a message is never acknowledged',
    history: { sent: [...good.sent, { topic: 'orders', key: 'b', n: 0 }] },
    broken: [progress],
  },
  {
    name: 'a message is never handled to its end',
    history: { handled: good.handled.map((one) => (one.n === 1 ? { ...one, done: false } : one)) },
    broken: [progress],
  },
  {
    name: 'a partition stays without a leader',
    history: { ends: [{ ...good.ends[0]!, leader: -1 }] },
    broken: [progress],
  },
  { name: 'a replica does not come back', history: { ends: [{ ...good.ends[0]!, isr: [2] }] }, broken: [progress] },
]

test.each(cases)('$name', ({ history, broken }) => {
  const invalid = checkAll({ ...good, ...history }).filter((verdict) => verdict.outcome === 'invalid')
  expect(invalid.map((verdict) => verdict.promise)).toEqual(broken)
})

test('an empty history proves nothing', () => {
  expect(checkAll(emptyHistory).every((verdict) => verdict.outcome === 'unknown')).toBe(true)
})
