import { expect, test } from 'vitest'
import { Pauses } from './pauses.ts'

const named = (partition: number) => ({ topic: 't', partition })

/** `+`: pause, `-`: resume; followed by the partitions, none: all. What is paused then, of 0, 1 and 2. */
test.each<[string, number[]]>([
  ['', []],
  ['+', [0, 1, 2]],
  ['+1', [1]],
  ['+1 -1', []],
  ['+1 +1 -1', []],
  ['-1', []],
  ['+ -1', [0, 2]],
  ['+ -1 +1', [0, 1, 2]],
  ['+ -1 +', [0, 1, 2]],
  ['+01 -', []],
  ['+ -1 - +2', [2]],
])('%j: %j', (calls, paused) => {
  const pauses = new Pauses()
  for (const call of calls.split(' ').filter((one) => one !== '')) {
    const names = [...call.slice(1)].map((digit) => named(Number(digit)))
    pauses.set(names.length === 0 ? null : names, call[0] === '+')
  }
  expect([0, 1, 2].filter((partition) => pauses.isPaused(named(partition)))).toEqual(paused)
})
