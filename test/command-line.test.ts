// What programs under test/ make of their options: everything wrong is named, with what would be right, and exit code 2.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { flag, minutes, parseOptions, someOf, wholeNumber } from './command-line.ts'
import { root } from './processes/index.ts'

const program = {
  call: 'npm run this --',
  summary: 'Does this.',
  options: {
    seed: wholeNumber('N', 'where to begin', 0),
    rf: wholeNumber('N', 'replicas', 1, 3),
    minutes: minutes('for so long'),
    faults: someOf(['kill', 'hang', 'cut'], 'only these'),
    trace: flag('every event'),
  },
}

test('what is given is read, and what is not given is not there', () => {
  const words = ['--seed', '7', '--minutes=0.5', '--faults', 'kill,cut', '--trace']
  expect(parseOptions(program, words)).toEqual({
    values: { seed: 7, minutes: 0.5, faults: ['kill', 'cut'], trace: true },
  })
})

test.for([
  ['--sed 1', 'There is no option --sed: did you mean --seed?'],
  ['--what', 'There is no option --what.'],
  ['--seed=-1', "--seed is '-1', but must be a whole number from 0."],
  ['--seed 1e3', "--seed is '1e3', but must be a whole number from 0."],
  ['--seed', '--seed has no value, but must be a whole number from 0.'],
  ['--rf 7', "--rf is '7', but must be a whole number from 1 to 3."],
  ['--minutes ten', "--minutes is 'ten', but must be a number of minutes above 0."],
  ['--minutes 0', "--minutes is '0', but must be a number of minutes above 0."],
  ['--faults kill,all', "--faults is 'kill,all', but must be some of kill, hang, cut."],
  ['--trace=yes', "--trace is 'yes', but must be given without a value."],
  ['12', "'12' is no option."],
] as const)('%s is refused', ([words, wrong]) => {
  expect(parseOptions(program, words.split(' '))).toEqual({ values: {}, wrong })
})

describe.concurrent.each(['simulation', 'chaos'])('the program of test/%s', (folder) => {
  const run = (word: string) => promisify(execFile)(process.execPath, [`test/${folder}/main.ts`, word], { cwd: root })

  test('explains itself', async () => {
    expect((await run('--help')).stdout).toContain('--seed N')
  })

  test('names what is wrong, without a stack', async () => {
    const { code, stderr } = await run('--sed').then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    )
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^There is no option --sed/) })
    expect(stderr).not.toMatch(/^ {4}at /m)
  })
})
