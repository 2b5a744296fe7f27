import { expect, test } from 'vitest'
import { MemoryOutput } from '../testing/memory-io.ts'
import { fittedWidths, table } from './table.ts'
import { fitted, harmless, paint, widthOf } from './text.ts'

const headings = ['NAME', 'COUNT', 'TEXT']
const rows = [
  ['orders', 12, 'a text of some length'],
  ['b', 3, null],
]

test('columns as wide as their widest cell, numbers to the right, all of it in a pipe', () => {
  expect(table(new MemoryOutput(undefined), headings, rows).split('\n')).toEqual([
    'NAME    COUNT  TEXT',
    'orders     12  a text of some length',
    'b           3  -',
  ])
})

test('on a terminal the widest text is cut, numbers never', () => {
  expect(table(new MemoryOutput(28), headings, rows).split('\n')).toEqual([
    'NAME    COUNT  TEXT',
    'orders     12  a text of so…',
    'b           3  -',
  ])
  for (const columns of [30, 28, 26, 24]) {
    for (const line of table(new MemoryOutput(columns), headings, rows).split('\n')) {
      expect(widthOf(line)).toBeLessThanOrEqual(columns)
    }
  }
})

test('Chinese takes two columns a character, and colours none', () => {
  const chinese = [
    ['主题', { text: '在线', style: 'green' as const }, '一'],
    ['ab', { text: 'x', style: 'red' as const }, '二'],
  ]
  const lines = table(new MemoryOutput(80, true), ['名', 'S', 'E'], chinese).split('\n')
  expect(lines.map((line) => widthOf(line))).toEqual([13, 14, 14])
  expect(lines[1]).toBe('主题  \u001b[32m在线\u001b[39m  一')
  expect(lines[2]).toBe('ab    \u001b[31mx\u001b[39m     二')
})

test('names from anybody give the terminal no orders', () => {
  expect(table(new MemoryOutput(80), ['NAME'], [['a\u001b[2Jb\nc']])).toBe('NAME\na\\e[2Jb\\nc')
  expect(harmless('a\tb\nc\r\u0000\u202e', true)).toBe('a\tb\nc\\r\\x00\\u{202e}')
})

test('the first column, the name, is cut last', () => {
  expect(fittedWidths([18, 10, 36], [false, true, false], 50)).toEqual([18, 10, 18])
  expect(fittedWidths([18, 10, 36], [false, true, false], 36)).toEqual([16, 10, 6])
})

test('a line that cannot fit keeps a few letters of each text; a text of any length costs little', () => {
  expect(fittedWidths([10, 10, 4], [false, false, true], 15)).toEqual([6, 6, 4])
  expect(fittedWidths([10_000_000, 10_000_000], [false, false], 80)).toEqual([72, 6])
})

test.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['主题很长', 5, '主题…'],
  ['主题很长', 4, '主…'],
  ['👨‍👩‍👧‍👦 family', 4, '👨‍👩‍👧‍👦 …'],
  ['anything', 0, ''],
])('%j in %i columns', (text, columns, expected) => {
  expect(fitted(text, columns)).toBe(expected)
})

test('no colours where none are wanted', () => {
  expect(paint(new MemoryOutput(80, false), 'red', 'x')).toBe('x')
  expect(paint(new MemoryOutput(80, true), 'red', 'x')).toBe('\u001b[31mx\u001b[39m')
})
