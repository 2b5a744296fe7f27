// The README's example is the one that runs.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')

test('the example of the README is the one that runs', () => {
  const example = textOf('./example.test.ts').split('\n').slice(1).join('\n')
  expect(textOf('./README.md')).toContain(`\`\`\`ts\n${example}\`\`\``)
})
