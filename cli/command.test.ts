import { expect, test } from 'vitest'
import { type Command, parse } from './command.ts'
import { UsageError } from './errors.ts'
import { helpOf } from './help.ts'

const brew: Command = {
  name: 'brew',
  summary: 'Makes tea.',
  args: [
    { name: 'POT', doc: 'Which pot.' },
    { name: 'LID', doc: 'Which lid.', optional: true },
  ],
  options: [
    { name: 'cups', value: 'N', doc: 'How many cups.', default: '2' },
    { name: 'leaf', value: 'NAME', doc: 'Which tea.', multiple: true },
    { name: 'max.heat.ms', value: 'VALUE', doc: 'A name with dots.' },
    { name: 'milk', value: 'KIND', doc: 'Empty: none.', mayBeEmpty: true },
    { name: 'hot', doc: 'Very.' },
  ],
  examples: [{ words: 'brew red --cups 2', input: 'water\n', doc: 'two cups' }],
  run: async () => 'done',
}

test('arguments, values, switches, repeats and defaults', () => {
  const input = parse(brew, ['red', '--cups=3', '--leaf', 'a=b', '--leaf', 'c', '--hot', '--max.heat.ms', '-1'])
  expect(input.args).toEqual(['red'])
  expect(input.integer('cups', 1, 10)).toBe(3)
  expect(input.all('leaf')).toEqual(['a=b', 'c'])
  expect(input.isSet('hot')).toBe(true)
  expect(input.text('max.heat.ms')).toBe('-1')
  expect([...input.given()]).toEqual([
    ['cups', '3'],
    ['leaf', 'c'],
    ['max.heat.ms', '-1'],
  ])
  expect(parse(brew, ['red']).integer('cups', 1, 10)).toBe(2)
  expect(parse(brew, ['red']).isSet('cups')).toBe(false)
  expect(parse(brew, ['red', '--leaf=--hot']).all('leaf')).toEqual(['--hot'])
  expect(parse(brew, ['red', '--', '--hot']).args).toEqual(['red', '--hot'])
})

test.each([
  [['red', '--cup', '3'], "no option --cup for 'brew': did you mean --cups?"],
  [['red', '--sugar', '3'], "no option --sugar for 'brew': see castellan brew --help"],
  [['red', '--Max-Heat-Ms', '3'], 'did you mean --max.heat.ms?'],
  [['red', '-x'], 'no option -x'],
  [['red', '--cups'], '--cups needs a value: --cups N (How many cups.)'],
  [['red', '--cups', '--hot'], '--cups needs a value'],
  [['red', '--cups='], '--cups needs a value: --cups N (How many cups.)'],
  [['red', '--leaf', ''], '--leaf needs a value'],
  [['red', '--cups', '1', '--cups', '2'], '--cups is given twice'],
  [['red', '--hot=yes'], "--hot is a switch and takes no value ('yes')"],
  [[], "'brew' needs POT: Which pot."],
  [['red', 'lid', 'spoon'], "'spoon' is too much"],
])('%j is refused by name', (words, sentence) => {
  expect(() => parse(brew, words)).toThrow(UsageError)
  expect(() => parse(brew, words)).toThrow(sentence)
})

test('an empty value where it says something', () => {
  expect(parse(brew, ['red', '--milk=']).text('milk')).toBe('')
})

test.each(['0', '11', 'many', '1.5', ' ', '1e1'])('a number out of bounds or no number at all: %j', (text) => {
  const input = parse(brew, ['red', `--cups=${text}`])
  expect(() => input.integer('cups', 1, 10)).toThrow(`--cups is '${text}', but must be a whole number from 1 to 10`)
})

test('a word that is not among those allowed', () => {
  const input = parse(brew, ['red', '--max.heat.ms', 'low'])
  expect(input.oneOf('max.heat.ms', ['low', 'high'])).toBe('low')
  expect(() => input.oneOf('max.heat.ms', ['high'])).toThrow("--max.heat.ms is 'low', but must be one of high")
})

test('the help names everything that can be given', () => {
  const help = helpOf(brew)
  for (const part of [
    'castellan brew POT [LID]',
    'Makes tea.',
    '--cups N',
    '[2]',
    '--max.heat.ms',
    '--hot',
    '--no-color',
    '# two cups',
    "printf 'water\\n' | castellan brew red --cups 2",
  ]) {
    expect(help).toContain(part)
  }
})
