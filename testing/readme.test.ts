// The README's examples are those that run.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

test('the examples of the README are those that run', () => {
  const blocks = [...textOf('./README.md').matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code ?? '')
  expect(blocks).toHaveLength(2)
  expect(textOf('./example.test.ts').split('\n').slice(1).join('\n')).toBe(blocks[0])
  expect(textOf('./connects-itself.test.ts')).toContain(blocks[1])
})
