import { describe, expect, test } from 'vitest'
import { initialWritePath, isSlowWrite, step, type WritePathState } from './write-path.ts'

const MiB = 1024 * 1024

describe('whether a write is slow', () => {
  test.each([
    { writeMs: 24, bytes: 100, is: false },
    { writeMs: 26, bytes: 100, is: true },
    { writeMs: 60, bytes: 16 * MiB, is: false },
    { writeMs: 120, bytes: 16 * MiB, is: true },
  ])('$writeMs ms for $bytes bytes: $is', ({ writeMs, bytes, is }) => expect(isSlowWrite(writeMs, bytes)).toBe(is))
})

/** Each word: a write that took so long at second s (`s:ms`), or the question at second s (`s?`, or `s?ms` with one under way for so long). */
function run(words: string, state: WritePathState = initialWritePath): WritePathState {
  for (const word of words.split(' ')) {
    const [, seconds, kind, ms] = /^(\d+)([:?])(\d*)$/.exec(word)!
    const nowMs = Number(seconds) * 1000
    const asked = { kind: 'asked' as const, underWayMs: ms === '' ? null : Number(ms), nowMs }
    state = step(state, kind === '?' ? asked : { kind: 'wrote', writeMs: Number(ms), bytes: 100, nowMs })
  }
  return state
}

describe('which way appends are written', () => {
  test.each([
    { is: 'well', words: '1:1 2:20 3:24', path: 'sync' },
    { is: 'slow now and then', words: '1:40 12:40 23:40 34:40', path: 'sync' },
    { is: 'slow three times in ten seconds', words: '1:40 5:40 9:40', path: 'async' },
    { is: 'very slow once', words: '1:250', path: 'async' },
    { is: 'well for a while, not long enough', words: '1:300 5:1 10?', path: 'async' },
    { is: 'slow again and again', words: '1:300 9:40 18:40 27?', path: 'async' },
    { is: 'well again', words: '1:300 5:1 11?', path: 'sync' },
    { is: 'silent, for nothing was written', words: '1:300 100?', path: 'sync' },
    { is: 'silent, for a write is stuck', words: '1:300 100?99000', path: 'async' },
    { is: 'well, with a write under way', words: '1:300 11?3', path: 'sync' },
    {
      is: 'well again, and slow writes of before do not count on',
      words: '1:300 2:40 3:40 13? 13:40 13:40',
      path: 'sync',
    },
  ])('the disk is $is: $path', ({ words, path }) => expect(run(words).path).toBe(path))

  test('who comes back too early stays longer the next time, up to a bound', () => {
    let state = run('1:300')
    expect(state.stayMs).toBe(10_000)
    let second = 1
    const stays: number[] = []
    for (let relapse = 0; relapse < 6; relapse++) {
      second += state.stayMs / 1000
      state = run(`${second}?`, state)
      expect(state.path).toBe('sync')
      second += 5
      state = run(`${second}:300`, state)
      stays.push(state.stayMs)
    }
    expect(stays).toEqual([20_000, 40_000, 80_000, 160_000, 160_000, 160_000])
    // A minute on the loop is proof enough.
    state = run(`${second + 160}? ${second + 230}:300`, state)
    expect(state.stayMs).toBe(10_000)
  })

  test('what changes nothing makes no new state: it is asked before every write', () => {
    const state = run('1:300')
    expect(step(state, { kind: 'asked', underWayMs: null, nowMs: 2_000 })).toBe(state)
    expect(step(initialWritePath, { kind: 'wrote', writeMs: 1, bytes: 10, nowMs: 1 })).toBe(initialWritePath)
  })
})
