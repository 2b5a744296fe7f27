import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import { type Electorate, elect, preferred } from './election.ts'
import type { Standing } from './standing.ts'

const letters: Record<string, Standing> = { '+': 'fit', f: 'full', s: 'stopping', '!': 'faulty', '-': 'down' }

/** Brokers 1, 2, 3 in order, such as '+-s'. */
const standings = (text: string) => (id: number) => letters[text[id - 1] ?? '-'] ?? 'down'

interface Case {
  /** leader, ISR, ELR; of replicas 1, 2, 3 at leader epoch 7, partition epoch 4. */
  readonly is: [number, number[], number[]?]
  readonly now: string
  readonly reborn?: number
  readonly unclean?: number
  /** The highest leader epoch that a replica reports. */
  readonly highest?: number
  readonly replicas?: number[]
  readonly minIsr?: number
  readonly keepsElr?: boolean
  readonly handsOver?: boolean
  /** On its way to lead. */
  readonly next?: number
}

/** leader, ISR, ELR and leader epoch after. */
type Expected = [number, number[], number[], number] | 'as it was'

function partitionOf({ is: [leader, isr, elr = []], replicas = [1, 2, 3], next }: Case): PartitionState {
  const base = { leader, leaderEpoch: 7, partitionEpoch: 4, replicas, isr, ...(next === undefined ? {} : { next }) }
  return elr.length === 0 ? base : { ...base, elr }
}

function electorateOf(given: Case): Electorate {
  const { now, reborn, unclean, highest = 7, minIsr = 2, keepsElr = true, handsOver = false } = given
  return {
    standing: standings(now),
    highestEpoch: highest,
    rules: { minIsr, keepsElr, handsOver, electsUnclean: false },
    ...(reborn === undefined ? {} : { reborn }),
    ...(unclean === undefined ? {} : { unclean }),
  }
}

const one = { replicas: [1], minIsr: 1 }
const all = [1, 2, 3]

describe('an election', () => {
  const table: [string, Case, Expected][] = [
    // one replica
    ['the leader lives', { is: [1, [1]], now: '+', ...one }, 'as it was'],
    ['another broker is reborn', { is: [1, [1]], now: '+', reborn: 2, ...one }, 'as it was'],
    ['the leader died: the ISR keeps its last', { is: [1, [1]], now: '-', ...one }, [-1, [1], [], 8]],
    ['still dead', { is: [-1, [1]], now: '-', ...one }, 'as it was'],
    ['the only replica is back', { is: [-1, [1]], now: '+', reborn: 1, ...one }, [1, [1], [], 8]],
    ['the leader is a new process (R5)', { is: [1, [1]], now: '+', reborn: 1, ...one }, [1, [1], [], 8]],
    ['a new process without a usable log', { is: [1, [1]], now: '!', reborn: 1, ...one }, [-1, [1], [], 8]],
    [
      'a new process with another disk (R8)',
      { is: [1, [1]], now: '+', reborn: 1, unclean: 1, ...one },
      [-1, [], [], 8],
    ],
    ['a replica knows a higher epoch (R14)', { is: [1, [1]], now: '+', highest: 12, ...one }, [1, [1], [], 13]],
    ['the same, without a leader', { is: [-1, [1]], now: '+', highest: 12, ...one }, [1, [1], [], 13]],
    ['a higher epoch, and nobody electable', { is: [-1, [1]], now: '-', highest: 12, ...one }, 'as it was'],
    ['one that stops, and is alone, goes on', { is: [1, [1]], now: 's', ...one }, 'as it was'],

    // a full disk
    ['a leader with a full disk: the next in sync, without it', { is: [1, all], now: 'f++' }, [2, [2, 3], [], 8]],
    ['a follower with a full disk leaves at once', { is: [1, all], now: '++f' }, [1, [1, 2], [], 7]],
    ['all disks are full: who led leads on', { is: [1, all], now: 'fff' }, [1, [1], [2, 3], 7]],
    ['a full disk rather than one that stops', { is: [3, all], now: '-fs' }, [2, [2], [1, 3], 8]],
    // death
    ['a leader died: the next in sync, without it', { is: [1, all], now: '-++' }, [2, [2, 3], [], 8]],
    ['a follower died: it leaves at once', { is: [1, all], now: '++-' }, [1, [1, 2], [], 7]],
    ['two died at once: eligible, for the ISR is too small', { is: [1, all], now: '--+' }, [3, [3], [1, 2], 8]],
    ['one out of sync is not elected', { is: [1, [1, 3]], now: '-++' }, [3, [3], [1], 8]],
    ['nor when it is alone', { is: [1, [1]], now: '-++' }, [-1, [1], [], 8]],
    ['all died: the last members stay', { is: [1, [1, 2]], now: '---' }, [-1, [1, 2], [], 8]],
    ['the first of them is back: the other is eligible', { is: [-1, [1, 2]], now: '-+-', reborn: 2 }, [2, [2], [1], 8]],
    ['an eligible one leads', { is: [1, [1], [2]], now: '-+-' }, [2, [2], [1], 8]],
    ['but one in sync first, whatever the order', { is: [-1, [3], [1]], now: '+-+' }, [3, [3], [1], 8]],
    ['not where Ack 1 went on without it', { is: [1, [1], [2]], now: '-+-', keepsElr: false }, [-1, [1], [], 8]],
    ['min ISR 1: nobody has to be eligible', { is: [1, [1, 2]], now: '+-+', minIsr: 1 }, [1, [1], [], 7]],
    ['a third that is not in sync changes nothing', { is: [1, [1, 2]], now: '++-' }, 'as it was'],

    // stopping
    ['a leader stops: another leads, and it leaves', { is: [1, all], now: 's++' }, [2, [2, 3], [], 8]],
    ['a follower stops: it leaves', { is: [1, all], now: '+s+' }, [1, [1, 3], [], 7]],
    ['a leader stops, nobody else in sync', { is: [1, [1]], now: 's++' }, 'as it was'],
    ['all stop: the leader leads on', { is: [1, all], now: 'sss' }, [1, [1], [2, 3], 7]],
    ['a leader stops, one is eligible and fit', { is: [1, [1], [2]], now: 's++' }, [2, [2], [1], 8]],
    ['it stopped, and is back', { is: [2, [2, 3]], now: '+++', reborn: 1 }, 'as it was'],
    ['only one that stops is left', { is: [2, [1, 2]], now: 's-+' }, [1, [1], [2], 8]],

    // faults
    ['a fault of the leader', { is: [1, all], now: '!++' }, [2, [2, 3], [], 8]],
    ['a fault of a follower', { is: [1, all], now: '+!+' }, [1, [1, 3], [], 7]],
    ['a faulty one is never eligible', { is: [1, [1, 2]], now: '+!+' }, [1, [1], [], 7]],
    ['a fault of the last: it stays, nobody leads', { is: [1, [1]], now: '!++' }, [-1, [1], [], 8]],
    ['its fault is gone', { is: [-1, [1]], now: '+++' }, [1, [1], [], 8]],
    ['another in sync is back: the faulty one leaves', { is: [-1, [1, 2]], now: '!+-' }, [2, [2], [], 8]],

    // new processes
    ['a follower is a new process, its logs as before', { is: [1, all], now: '+++', reborn: 2 }, 'as it was'],
    ['a leader is: it leads at a new epoch', { is: [1, all], now: '+++', reborn: 1 }, [1, all, [], 8]],
    ['a follower stopped uncleanly (R8)', { is: [1, all], now: '+++', reborn: 2, unclean: 2 }, [1, [1, 3], [], 7]],
    ['a leader did', { is: [1, all], now: '+++', reborn: 1, unclean: 1 }, [2, [2, 3], [], 8]],
    ['an eligible one did', { is: [1, [1], [2]], now: '++-', reborn: 2, unclean: 2 }, [1, [1], [], 7]],
    ['one of the last did', { is: [-1, [1, 2]], now: '+--', reborn: 1, unclean: 1 }, [-1, [2], [], 7]],
    ['the last did', { is: [-1, [1]], now: '+++', reborn: 1, unclean: 1 }, [-1, [], [], 7]],
    ['the last did, but one is eligible', { is: [-1, [1], [3]], now: '+-+', reborn: 1, unclean: 1 }, [3, [3], [], 8]],
  ]
  test.each(table)('%s', (_, given, expected) => {
    const before = partitionOf(given)
    const after = elect(before, electorateOf(given))
    if (expected === 'as it was') return expect(after).toBeUndefined()
    const [leader, isr, elr, leaderEpoch] = expected
    const { elr: _elr, ...rest } = before
    const eligible = elr.length === 0 ? {} : { elr }
    expect(after).toEqual({ ...rest, leader, isr, ...eligible, leaderEpoch, partitionEpoch: 5 })
    // A second look changes nothing.
    const { reborn: _reborn, ...later } = given
    expect(elect(after!, electorateOf(later))).toBeUndefined()
  })
})

describe('where only a death may lose something (Ack 1)', () => {
  const at = { keepsElr: false, handsOver: true }
  /** leader, ISR, leader epoch, next. */
  const table: [string, Case, [number, number[], number, number?] | 'as it was'][] = [
    ['a leader stops: it leads until another can', { is: [1, all], now: 's++' }, [1, all, 7, 2]],
    ['a leader with a full disk: the same', { is: [1, all], now: 'f++' }, [1, all, 7, 2]],
    ['the same, looked at again', { is: [1, all], now: 's++', next: 2 }, 'as it was'],
    ['who is next already stays so', { is: [1, all], now: 's++', next: 3 }, 'as it was'],
    ['who was to be next died: another one', { is: [1, all], now: 's-+', next: 2 }, [1, [1, 3], 7, 3]],
    ['who was to be next stops, too: another one', { is: [1, all], now: 'ss+', next: 2 }, [1, [1, 3], 7, 3]],
    ['nobody else is left', { is: [1, all], now: 's--', next: 2 }, [1, [1], 7]],
    ['the leader died meanwhile: nobody can hand over', { is: [1, all], now: '-++', next: 3 }, [2, [2, 3], 8]],
    ['it is a new process', { is: [1, all], now: 's++', reborn: 1 }, [2, [2, 3], 8]],
    ['its log is out of use', { is: [1, all], now: '!++', next: 2 }, [2, [2, 3], 8]],
    ['a replica knows a higher epoch (R14)', { is: [1, all], now: 's++', highest: 9 }, [1, all, 10, 2]],
    ['a follower died on the way to the preferred one', { is: [2, all], now: '++-', next: 1 }, [2, [1, 2], 7, 1]],
    ['the preferred one died on its way', { is: [2, all], now: '-++', next: 1 }, [2, [2, 3], 7]],
    ['a follower stops: it leaves', { is: [1, all], now: '+s+' }, [1, [1, 3], 7]],
  ]
  test.each(table)('%s', (_, given, expected) => {
    const before = partitionOf(given)
    const after = elect(before, electorateOf({ ...at, ...given }))
    if (expected === 'as it was') return expect(after).toBeUndefined()
    const [leader, isr, leaderEpoch, next] = expected
    const { next: _next, ...rest } = before
    const named = next === undefined ? {} : { next }
    expect(after).toEqual({ ...rest, leader, isr, leaderEpoch, partitionEpoch: 5, ...named })
  })

  test('the preferred leader is named first', () => {
    const before = partitionOf({ is: [2, all], now: '+++' })
    const electorate = electorateOf({ ...at, is: [2, all], now: '+++' })
    const after = preferred(before, electorate)
    expect(after).toEqual({ ...before, next: 1, partitionEpoch: 5 })
    expect(preferred(after!, electorate)).toBe(after)
  })
})

describe('the preferred leader', () => {
  const table: [string, Case, number | 'as it was'][] = [
    ['leads again', { is: [2, all], now: '+++' }, 1],
    ['leads already', { is: [1, all], now: '+++' }, 'as it was'],
    ['is not in sync', { is: [2, [2, 3]], now: '+++' }, 'as it was'],
    ['is only eligible', { is: [2, [2], [1]], now: '+++' }, 'as it was'],
    ['stops', { is: [2, all], now: 's++' }, 'as it was'],
    ['has a fault', { is: [2, all], now: '!++' }, 'as it was'],
    ['is gone', { is: [2, all], now: '-++' }, 'as it was'],
    ['of one that nobody leads is for an election', { is: [-1, all], now: '+++' }, 'as it was'],
  ]
  test.each(table)('%s', (_, given, expected) => {
    const before = partitionOf(given)
    const after = preferred(before, electorateOf(given))
    if (expected === 'as it was') return expect(after).toBeUndefined()
    expect(after).toEqual({ ...before, leader: expected, leaderEpoch: 8, partitionEpoch: 5 })
  })
})
