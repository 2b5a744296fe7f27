import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EpochHistory } from './epochs.ts'
import { truncationPoint } from './truncation-point.ts'

type Epochs = readonly (readonly [epoch: number, startOffset: number])[]

function logOf(epochs: Epochs, endOffset: number) {
  const history = EpochHistory.from({ highest: -1, entries: epochs })
  return { endOffset, endOfEpoch: (epoch: number) => history.endOf(epoch, endOffset) }
}

test.each<[string, Epochs, number, { epoch: number; endOffset: number }, number]>([
  //                                           follower's epochs        end   the leader says               cut at
  ['the follower wrote more of the same epoch', [[1, 0]], 120, { epoch: 1, endOffset: 100 }, 100],
  [
    'the leader has nothing of it',
    [
      [1, 0],
      [2, 50],
    ],
    80,
    { epoch: 1, endOffset: 100 },
    50,
  ],
  [
    'the leader has less of the one before',
    [
      [1, 0],
      [2, 50],
    ],
    80,
    { epoch: 1, endOffset: 40 },
    40,
  ],
  [
    'the leader has more of the one before (KIP-279)',
    [
      [1, 0],
      [3, 50],
    ],
    80,
    { epoch: 2, endOffset: 70 },
    50,
  ],
  [
    'an epoch between that the follower lacks, ending earlier',
    [
      [1, 0],
      [4, 90],
    ],
    100,
    { epoch: 3, endOffset: 60 },
    60,
  ],
  [
    'two failovers in a row (KIP-101)',
    [
      [0, 0],
      [1, 10],
      [2, 20],
    ],
    30,
    { epoch: 0, endOffset: 15 },
    10,
  ],
  ['everything that the follower has is of later epochs', [[7, 40]], 60, { epoch: 3, endOffset: 55 }, 40],
  ['nothing in common', [[5, 0]], 60, { epoch: 5, endOffset: 0 }, 0],
  ['the leader has all of it: its word makes no sense', [[1, 0]], 100, { epoch: 1, endOffset: 200 }, 100],
  ['an epoch that the follower cannot have asked about', [[1, 0]], 100, { epoch: 9, endOffset: 300 }, 100],
  ['no answer at all', [[1, 0]], 100, { epoch: -1, endOffset: -1 }, 0],
])('%s', (_name, epochs, endOffset, diverging, expected) => {
  expect(truncationPoint(logOf(epochs, endOffset), diverging)).toBe(expected)
})

/** A log as a list of records, each its epoch and the leader's counter: records are equal when both are. */
interface Record {
  readonly epoch: number
  readonly id: number
}

/**
 * The naive twin: any history of leaders, each of which takes over some replica's log as it is and appends to it, while the others copy
 * some of that. Then one follows another by asking as followers do; afterwards its log is a beginning of the leader's, and it has kept
 * all that both had in common.
 */
const histories = fc.record({
  replicas: fc.integer({ min: 2, max: 4 }),
  terms: fc.array(
    fc.record({
      leader: fc.nat(3),
      appends: fc.integer({ min: 0, max: 5 }),
      copies: fc.array(fc.record({ replica: fc.nat(3), records: fc.nat(8) }), { maxLength: 4 }),
      skip: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
})

test('whatever leaders there were, a follower ends as a beginning of its leader, and keeps what they share', () => {
  fc.assert(
    fc.property(histories, ({ replicas: count, terms }) => {
      const logs: Record[][] = Array.from({ length: count }, () => [])
      let epoch = 0
      let id = 0
      for (const term of terms) {
        epoch += term.skip
        const leader = logs[term.leader % count]!
        for (let i = 0; i < term.appends; i++) leader.push({ epoch, id: id++ })
        for (const { replica, records } of term.copies) {
          const follower = logs[replica % count]!
          if (follower !== leader) follow(follower, { log: leader, epoch }, records)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})

function follow(follower: Record[], leader: { log: Record[]; epoch: number }, recordsMax: number): void {
  const shared = commonBeginning(follower, leader.log)
  for (let rounds = 0; ; rounds++) {
    expect(rounds).toBeLessThan(50)
    const lastEpoch = follower.at(-1)?.epoch ?? -1
    const diverging = lastEpoch < 0 ? null : divergence(leader, lastEpoch, follower.length)
    if (diverging === null) break
    const offset = truncationPoint(logOf(epochsOf(follower), follower.length), diverging)
    expect(offset).toBeLessThan(follower.length)
    follower.length = offset
  }
  expect(commonBeginning(follower, leader.log)).toBe(follower.length)
  expect(follower.length).toBe(shared)
  follower.push(...leader.log.slice(follower.length, follower.length + recordsMax))
}

/** As a leader answers: its largest epoch that is not above the one asked about, when that is another or ends before the offset. */
function divergence({ log, epoch }: { log: Record[]; epoch: number }, lastEpoch: number, offset: number) {
  const epochs = [...epochsOf(log).filter(([, start]) => start < log.length), [epoch, log.length] as const]
  const end = logOf(epochs, log.length).endOfEpoch(lastEpoch)
  return end.epoch < lastEpoch || end.endOffset < offset ? end : null
}

function epochsOf(log: readonly Record[]): [number, number][] {
  const epochs: [number, number][] = []
  for (const [offset, { epoch }] of log.entries()) if (epochs.at(-1)?.[0] !== epoch) epochs.push([epoch, offset])
  return epochs
}

function commonBeginning(one: readonly Record[], other: readonly Record[]): number {
  let length = 0
  while (length < one.length && one[length]?.id === other[length]?.id) length++
  return length
}
