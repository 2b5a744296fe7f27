import { expect, test } from 'vitest'
import { jsonTokens, prettyJson } from './json.ts'

test('numbers, escapes and repeated names stay as they are', () => {
  const text = '{"id":9007199254740993,"x":1.50e+10,"s":"a\\u0041\\"{,","x":[1,{"y":null}],"e":{},"l":[]}'
  expect(prettyJson(text)).toBe(`{
  "id": 9007199254740993,
  "x": 1.50e+10,
  "s": "a\\u0041\\"{,",
  "x": [
    1,
    {
      "y": null
    }
  ],
  "e": {},
  "l": []
}`)
})

test('what is pretty already stays, but for its own line breaks', () => {
  const pretty = '{\n  "a": [\n    true\n  ]\n}'
  expect(prettyJson(pretty)).toBe(pretty)
  expect(prettyJson(' [ 1 , 2 ] ')).toBe('[\n  1,\n  2\n]')
})

test.each([['hello'], ['{"a":'], ['{"a":1}}'], ['12'], ['"text"'], ['']])('%s is left alone', (text) => {
  expect(jsonTokens(text)).toBeUndefined()
})

test('names are told from values', () => {
  expect(jsonTokens('{"a":"a"}')?.map(({ kind }) => kind)).toEqual(['mark', 'name', 'mark', 'value', 'mark'])
})

test('deep nesting costs no memory', () => {
  const text = '['.repeat(32_000) + ']'.repeat(32_000)
  expect(prettyJson(text)?.length).toBeLessThan(64_000 * 110)
})

test('deep nesting costs no stack', () => {
  const text = '['.repeat(5_000) + ']'.repeat(5_000)
  expect(jsonTokens(text)).toHaveLength(10_000)
})
