import type { PartitionState } from '@castellan/protocol/heartbeat'
import { describe, expect, test } from 'vitest'
import type { Standing } from './standing.ts'
import { electUnclean, type UncleanElectorate } from './unclean.ts'

const letters: Record<string, Standing> = { '+': 'fit', s: 'stopping', '!': 'faulty', '-': 'down' }

interface Case {
  /** ISR and ELR of replicas 1, 2, 3; nobody leads, at leader epoch 7. */
  readonly isr: number[]
  readonly elr?: number[]
  /** Brokers 1, 2, 3 in order. */
  readonly now: string
  /** By broker: leader epoch known, epoch of the last batch, end offset; undefined: not said. */
  readonly ends: ([number, number, number] | undefined)[]
  readonly allowed?: UncleanElectorate['allowed']
  /** What is sound of damaged logs, by broker: epoch of the last batch, end offset, where the log ended before. */
  readonly sound?: ([number, number, number | null] | undefined)[]
  readonly salvage?: PartitionState['salvage']
}

type Expected =
  | { elected: number; from?: number[]; messagesMax?: number | null }
  | { salvages: number; at: [number, number]; from: number[]; messagesMax: number | null }
  | { salvaging: number }
  | { waits: number[]; down?: number[] }
  | { forbidden: number[] }

describe('an election of one that may lack messages', () => {
  const silent = undefined
  const table: [string, Case, Expected][] = [
    // R7
    [
      'is forbidden while one in sync may come back',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 90], [7, 6, 80]] },
      { forbidden: [1] },
    ],
    [
      'and while one is eligible',
      { isr: [], elr: [2], now: '+-+', ends: [[7, 6, 9], silent, [7, 6, 8]] },
      { forbidden: [2] },
    ],
    [
      'allowed: the longest of those there',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 80], [7, 6, 90]], allowed: 'by-topic' },
      { elected: 3, from: [1] },
    ],
    [
      'allowed: the epoch of the last batch counts first',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 80], [7, 5, 900]], allowed: 'by-topic' },
      { elected: 2, from: [1] },
    ],
    [
      'allowed: the first of equals',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 80], [7, 6, 80]], allowed: 'by-topic' },
      { elected: 2, from: [1] },
    ],
    [
      'allowed: waits for those who live',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 80], silent], allowed: 'by-topic' },
      { waits: [3] },
    ],
    [
      'allowed: what was said before nobody led is old',
      { isr: [1], now: '-++', ends: [silent, [7, 6, 80], [6, 6, 80]], allowed: 'by-topic' },
      { waits: [3] },
    ],
    [
      'allowed: never one out of use',
      { isr: [1], now: '-+!', ends: [silent, [7, 6, 80], [7, 6, 99]], allowed: 'by-topic' },
      { elected: 2, from: [1] },
    ],
    [
      'allowed: nobody there',
      { isr: [1], now: '---', ends: [silent, silent, silent], allowed: 'by-topic' },
      { waits: [] },
    ],
    [
      'asked: waits for nobody',
      { isr: [1], now: '-++', ends: [silent, silent, [7, 6, 70]], allowed: 'asked' },
      { elected: 3, from: [1] },
    ],
    [
      'asked: but somebody must have said',
      { isr: [1], now: '-++', ends: [silent, silent, silent], allowed: 'asked' },
      { waits: [2, 3] },
    ],
    [
      'asked: what a faulty one had is lost at most',
      { isr: [1], now: '!++', ends: [[7, 6, 99], [7, 6, 70], silent], allowed: 'asked' },
      { elected: 2, from: [1], messagesMax: 29 },
    ],
    [
      'asked: a faulty one led at a later epoch, and the other wrote more at its own: nobody knows what that lacks',
      { isr: [1], now: '!++', ends: [[7, 7, 80], [7, 6, 90], silent], allowed: 'asked' },
      { elected: 2, from: [1], messagesMax: null },
    ],
    // R8
    [
      'all unclean: the longest, once all have said',
      {
        isr: [],
        now: '+++',
        ends: [
          [7, 6, 5],
          [7, 6, 50],
          [7, 5, 70],
        ],
      },
      { elected: 2, from: [] },
    ],
    [
      'all unclean: waits for the silent',
      { isr: [], now: '+++', ends: [[7, 6, 5], [7, 6, 50], silent] },
      { waits: [3] },
    ],
    [
      'all unclean: and for those who are not there',
      { isr: [], now: '++-', ends: [[7, 6, 5], [7, 6, 50], silent] },
      { waits: [], down: [3] },
    ],
    [
      'all unclean: one that was heard, and is gone',
      {
        isr: [],
        now: '++-',
        ends: [
          [7, 6, 5],
          [7, 6, 50],
          [7, 6, 99],
        ],
      },
      { waits: [], down: [3] },
    ],
    [
      'all unclean: not for one out of use',
      { isr: [], now: '++!', ends: [[7, 6, 5], [7, 6, 50], silent] },
      { elected: 2, from: [] },
    ],
    [
      'all unclean, asked: of those there',
      { isr: [], now: '++-', ends: [[7, 6, 5], silent, silent], allowed: 'asked' },
      { elected: 1, from: [] },
    ],
    [
      'all unclean, the topic puts going on first',
      { isr: [], now: '++-', ends: [[7, 6, 5], [7, 6, 6], silent], allowed: 'by-topic' },
      { elected: 2, from: [] },
    ],
    [
      'empty logs are logs, too',
      {
        isr: [],
        now: '+++',
        ends: [
          [7, -1, 0],
          [7, -1, 0],
          [7, -1, 0],
        ],
      },
      { elected: 1, from: [] },
    ],
  ]
  const ruined = { now: '!!!', ends: [silent, silent, silent], allowed: 'asked' } as const
  const damaged: [string, Omit<Case, keyof typeof ruined> & Partial<Case>, Expected][] = [
    ['never by itself', { isr: [1], allowed: 'never', sound: [] }, { forbidden: [1] }],
    ['nor as the topic has it', { isr: [1], allowed: 'by-topic', sound: [] }, { waits: [] }],
    ['asked by one who was shown nothing', { isr: [1, 2], sound: [] }, { waits: [] }],
    [
      'the longest sound part',
      {
        isr: [1, 2, 3],
        sound: [
          [6, 40, 90],
          [6, 70, 90],
          [6, 69, 80],
        ],
      },
      { salvages: 2, at: [6, 70], from: [1, 2, 3], messagesMax: 20 },
    ],
    [
      'the later epoch first',
      { isr: [1, 2], elr: [3], sound: [[6, 40, 90], [5, 70, 90], undefined] },
      { salvages: 1, at: [6, 40], from: [1, 2, 3], messagesMax: null },
    ],
    [
      'nobody can tell where one ended',
      { isr: [1, 2], sound: [[6, 40, null], [6, 70, 90], undefined] },
      { salvages: 2, at: [6, 70], from: [1, 2], messagesMax: null },
    ],
    [
      'one out of sync: nobody knows where its log left that of the others',
      { isr: [1], sound: [[6, 40, 90], [6, 70, 70], undefined] },
      { salvages: 2, at: [6, 70], from: [1], messagesMax: null },
    ],
    [
      'the only replica, and nothing of it is sound',
      { isr: [1], sound: [[-1, 0, 12]] },
      { salvages: 1, at: [-1, 0], from: [1], messagesMax: 12 },
    ],
    [
      'longer than a whole log out of sync',
      { isr: [1], now: '!+!', ends: [silent, [7, 6, 50], silent], sound: [[6, 60, 61]] },
      { salvages: 1, at: [6, 60], from: [1], messagesMax: 1 },
    ],
    [
      'of equals a whole one, which leads at once',
      { isr: [1], now: '!+!', ends: [silent, [7, 6, 60], silent], sound: [[6, 60, 61]] },
      { elected: 2, from: [1] },
    ],
    [
      'decided before',
      { isr: [2], sound: [undefined, [6, 70, 90]], salvage: { brokerId: 2, lastEpoch: 6, endOffset: 70 } },
      { salvaging: 2 },
    ],
    [
      'decided before, of more than there is now',
      { isr: [2], sound: [undefined, [6, 60, 90]], salvage: { brokerId: 2, lastEpoch: 6, endOffset: 70 } },
      { salvages: 2, at: [6, 60], from: [2], messagesMax: 30 },
    ],
    [
      'decided of another before, which is gone',
      { isr: [2], now: '!-!', sound: [[6, 50, 90]], salvage: { brokerId: 2, lastEpoch: 6, endOffset: 70 } },
      { salvages: 1, at: [6, 50], from: [2], messagesMax: null },
    ],
  ]
  test.each<[string, Case, Expected]>([
    ...table,
    ...damaged.map(([name, given, expected]): [string, Case, Expected] => {
      return [`all damaged: ${name}`, { ...ruined, ends: [...ruined.ends], ...given } as Case, expected]
    }),
  ])('%s', (_, { isr, elr, now, ends, allowed = 'never', sound = [], salvage }, expected) => {
    const eligible = { ...(elr && { elr }), ...(salvage && { salvage }) }
    const before: PartitionState = {
      leader: -1,
      leaderEpoch: 7,
      partitionEpoch: 4,
      replicas: [1, 2, 3],
      isr,
      ...eligible,
    }
    const outcome = electUnclean(before, {
      standing: (id) => letters[now[id - 1] ?? '-'] ?? 'down',
      logEnd: (id) => {
        const end = ends[id - 1]
        return end === undefined ? undefined : { leaderEpoch: end[0], lastEpoch: end[1], endOffset: end[2] }
      },
      sound: (id) => {
        const known = sound[id - 1]
        return known === undefined ? undefined : { lastEpoch: known[0], endOffset: known[1], hadOffset: known[2] }
      },
      highestEpoch: 7,
      allowed,
    })
    if ('forbidden' in expected) return expect(outcome).toEqual({ kind: 'forbidden', inSync: expected.forbidden })
    if ('waits' in expected) {
      return expect(outcome).toEqual({ kind: 'waiting', silent: expected.waits, down: expected.down ?? [] })
    }
    if ('salvaging' in expected) return expect(outcome).toEqual({ kind: 'salvaging', brokerId: expected.salvaging })
    if ('salvages' in expected) {
      const { salvages, at, from, messagesMax } = expected
      const salvage = { brokerId: salvages, lastEpoch: at[0], endOffset: at[1] }
      const raised = { leader: -1, leaderEpoch: 8, partitionEpoch: 5 }
      const state = { ...raised, replicas: [1, 2, 3], isr: [salvages], salvage }
      return expect(outcome).toEqual({ kind: 'elected', state, from, messagesMax })
    }
    const { elected, from = [], messagesMax = null } = expected
    const state = { leader: elected, leaderEpoch: 8, partitionEpoch: 5, replicas: [1, 2, 3], isr: [elected] }
    expect(outcome).toEqual({ kind: 'elected', state, from, messagesMax })
  })
})
