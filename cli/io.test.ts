import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { outputOf, wantsColours } from './io.ts'

test.each([
  [false, {}, true, true],
  [false, {}, false, false],
  [false, { TERM: 'dumb' }, true, false],
  [false, { NO_COLOR: '1' }, true, false],
  [false, { NO_COLOR: '' }, true, true],
  [false, { FORCE_COLOR: '1' }, false, true],
  [false, { FORCE_COLOR: '0' }, true, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
  [true, { FORCE_COLOR: '1' }, true, false],
])('--no-color %s, %j, terminal %s: colours %s', (flag, env, isTerminal, expected) => {
  expect(wantsColours(flag, env, isTerminal)).toBe(expected)
})

test('a terminal that nobody told its size is not taken for one without columns', () => {
  const terminal = (columns: number) => Object.assign(new PassThrough(), { isTTY: true, columns })
  expect(outputOf(terminal(80), false, {}).columns).toBe(80)
  expect(outputOf(terminal(0), false, {}).columns).toBeUndefined()
})

test('a pipe that nobody reads any more is told of, and takes no more', async () => {
  const stream = new PassThrough()
  const output = outputOf(stream, false, {})
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await output.write('lost')
  expect(output.closed.aborted).toBe(true)
  await output.write('also lost')
})
