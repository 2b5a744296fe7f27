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
}

type Expected =
  | { elected: number; from?: number[]; messagesMax?: number | null }
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
  test.each(table)('%s', (_, { isr, elr, now, ends, allowed = 'never' }, expected) => {
    const eligible = elr === undefined ? {} : { elr }
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
      highestEpoch: 7,
      allowed,
    })
    if ('forbidden' in expected) return expect(outcome).toEqual({ kind: 'forbidden', inSync: expected.forbidden })
    if ('waits' in expected) {
      return expect(outcome).toEqual({ kind: 'waiting', silent: expected.waits, down: expected.down ?? [] })
    }
    const { elected, from = [], messagesMax = null } = expected
    const state = { leader: elected, leaderEpoch: 8, partitionEpoch: 5, replicas: [1, 2, 3], isr: [elected] }
    expect(outcome).toEqual({ kind: 'elected', state, from, messagesMax })
  })
})
