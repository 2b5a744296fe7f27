// What the guide repeats from elsewhere stands there word for word: the table of errors, and the example of @castellan/testing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { partitionForKey } from '@castellan/protocol/records'
import { errorKinds } from '@castellan/sdk'
import { Partitioners } from 'kafkajs'
import { expect, test } from 'vitest'
import { root } from '../processes/index.ts'
import { examplesOf, fits, programOf } from './examples.ts'

const textOf = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const errors = textOf('docs', 'guide', 'errors.md')

test.each(Object.entries(errorKinds))('errors.md says of %s what the SDK says', (code, { why, next, retriable }) => {
  const [, said] = errors.split(`\n### ${code}\n`)
  expect(said?.split(/\n#/)[0]?.trim()).toBe(`${why}\n\n**Do:** ${next}${retriable ? ' *Retriable.*' : ''}`)
})

test('errors.md has no other codes', () => {
  const codes = [...errors.matchAll(/^### (.*)$/gm)].map(([, code]) => code)
  expect(codes.sort()).toEqual(Object.keys(errorKinds).sort())
})

test('testing.md has the example that @castellan/testing runs', () => {
  const example = textOf('testing', 'example.test.ts').split('\n').slice(1).join('\n')
  expect(textOf('docs', 'guide', 'testing.md')).toContain(`\`\`\`ts vitest\n${example}\`\`\``)
})

test('moving-from-kafkajs.md: keys go to the same partitions', () => {
  const partitioner = Partitioners.DefaultPartitioner()
  const partitionMetadata = Array.from({ length: 7 }, (_, partitionId) => ({ partitionId, leader: 1 }) as never)
  for (let index = 0; index < 100; index++) {
    const key = `o-${index}`
    const theirs = partitioner({ topic: 'orders', partitionMetadata, message: { key, value: null } })
    expect(partitionForKey(Buffer.from(key), 7), key).toBe(theirs)
  }
})

test('examples are found with their headings, and what they print', () => {
  const page =
    '# A\n```ts\nconsole.log(1) //> 1\n```\n## B\n```ts kafkajs\nold()\n```\n```\nnone\n```\n```ts\nrun()\n```\n'
  expect(examplesOf('a.md', page)).toEqual([
    { name: 'a.md: A', code: 'console.log(1) //> 1\n', isRun: true, prints: ['1'] },
    { name: 'a.md: B', code: 'old()\n', isRun: false, prints: [] },
    { name: 'a.md: B (2)', code: 'run()\n', isRun: true, prints: [] },
  ])
})

test('a program has topics and groups of its own, and is given a client where it makes none', () => {
  const code =
    "castellan.consumer({ group: 'g', topics: ['a', 'b'] })\nsend({ topic: 'a' })\nsend({ topic: 'no-such' })\n"
  const program = programOf({ name: '', code, isRun: true, prints: [] }, 7, { castle: 'http://castle', bootstrap: '' })
  expect(program.topics).toEqual(['a-7', 'b-7'])
  expect(program.code).toContain("group: 'g-7', topics: ['a-7', 'b-7']")
  expect(program.code).toContain("const castellan = await connectIt({ castle: 'http://castle'")
  expect(program.original('a-7 to b-7')).toBe('a to b')
})

test('what is printed fits what is said', () => {
  expect(fits('offset 12 (of 20)', 'offset ... (of 20)')).toBe(true)
  expect(fits('offset 12', 'offset 1')).toBe(false)
})
