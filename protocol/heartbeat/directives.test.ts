import { expect, test } from 'vitest'
import { type Clock, silentLogger } from '../runtime/index.ts'
import { Directives } from './directives.ts'
import type { DirectiveOutcome } from './messages.ts'

const clock = { nowMs: () => 0 } as Clock
const directive = (id: string, kind: string) => ({ id, kind, args: { id }, expiresInMs: 1_000 })

test('each id is begun at most once, however often it comes; outcomes say how it ended', async () => {
  const outcomes: DirectiveOutcome[] = []
  const begun: unknown[] = []
  const handlers = {
    work: (args: unknown) => void begun.push(args),
    fail: async () => {
      throw new Error('no disk')
    },
  }
  const directives = new Directives(clock, silentLogger, handlers, (outcome) => outcomes.push(outcome))
  for (let repeat = 0; repeat < 3; repeat++) {
    directives.run([
      directive('a', 'work'),
      directive('b', 'fail'),
      directive('c', 'dance'),
      directive('d', 'toString'),
    ])
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual([{ id: 'a' }])
  expect(outcomes.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: 'a', outcome: 'done', durationMs: 0 },
    { id: 'b', outcome: 'failed', reason: 'no disk', durationMs: 0 },
    { id: 'c', outcome: 'refused', reason: "kind 'dance' is not known here; known: work, fail", durationMs: 0 },
    { id: 'd', outcome: 'refused', reason: "kind 'toString' is not known here; known: work, fail", durationMs: 0 },
  ])
})

test('what was begun is remembered for the last thousands only', async () => {
  let begun = 0
  const directives = new Directives(clock, silentLogger, { work: () => void begun++ }, () => undefined)
  directives.run(Array.from({ length: 4_001 }, (_, id) => directive(String(id), 'work')))
  directives.run([directive('0', 'work'), directive('4000', 'work')])
  expect(begun).toBe(4_002)
})
