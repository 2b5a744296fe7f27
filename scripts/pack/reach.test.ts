import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reach } from './reach.ts'

/** Reaches from index.d.ts through these files; `theirs` is a package that users have, `ours` one that they do not. */
function packed(files: Record<string, string>): Record<string, string> {
  const found = reach(
    ['index.d.ts'],
    {
      read: (file) => files[file] ?? '',
      resolve: (file, specifier) =>
        specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier).replace('.ts', '.d.ts') : undefined,
      usersHave: (specifier) => specifier === 'theirs',
    },
    (_, from) => (from.isOurs ? `/${from.file}` : from.file),
  )
  return Object.fromEntries(found)
}

describe('declarations that an entry reaches', () => {
  test('are kept with their comments and overloads, through indexes and other names; the rest is left out', () => {
    const files = {
      'index.d.ts': "export { Consumer as Reader } from './room/index.ts';\nexport type { Late } from './late.ts';\n",
      'room/index.d.ts': "export * from './other.ts';\nexport * from './consumer.ts';\n",
      'room/other.d.ts': "import { Schema } from 'ours';\nexport declare const schema: Schema;\n",
      'room/consumer.d.ts': [
        "import type { Message as M } from '../message.ts';",
        '/** Reads. */',
        'export declare class Consumer {',
        '    read(): M;',
        '}',
        'export declare function unused(): void;',
      ].join('\n'),
      'message.d.ts':
        'type Own = string;\nexport interface Message {\n    readonly key: Own;\n}\nexport declare const x: 1;\n',
      'late.d.ts': 'export declare class Late {\n}\n',
    }
    expect(packed(files)).toEqual({
      'index.d.ts':
        "export { Consumer as Reader } from '/room/consumer.d.ts';\nexport type { Late } from '/late.d.ts';\n",
      'room/consumer.d.ts': [
        "import { Message as M } from '/message.d.ts';",
        '/** Reads. */',
        'export declare class Consumer {',
        '    read(): M;',
        '}',
        'export {};\n',
      ].join('\n'),
      'message.d.ts': 'type Own = string;\nexport interface Message {\n    readonly key: Own;\n}\nexport {};\n',
      'late.d.ts': 'export declare class Late {\n}\nexport {};\n',
    })
  })

  test('a comment in the midst of a union belongs to it, and types may mention each other', () => {
    const union = 'export type A = {\n    b: B;\n}\n/** or\n * none */\n | {\n    kind: "none";\n};'
    const files = { 'index.d.ts': "export { A } from './a.ts';\n", 'a.d.ts': `${union}\ninterface B {\n    a: A;\n}\n` }
    expect(packed(files)['a.d.ts']).toBe(`${union}\ninterface B {\n    a: A;\n}\nexport {};\n`)
  })

  test.each([
    ['a type that users do not have', "import { S } from 'ours';\nexport type A = S;\n", /^A > S shows S of ours/],
    ['an import on the fly', "export type A = import('theirs').S;\n", /import by name what this imports on the fly/],
    ['a name that is not there', "import { S } from './none.ts';\nexport type A = S;\n", /'S' is not exported/],
  ])('%s is refused', (_, text, problem) => {
    expect(() => packed({ 'index.d.ts': "export { A } from './a.ts';\n", 'a.d.ts': text })).toThrow(problem)
  })

  test('a package that users have is imported as it is', () => {
    const text = "import { S } from 'theirs';\nexport type A = S;\n"
    expect(packed({ 'index.d.ts': "export { A } from './a.ts';\n", 'a.d.ts': text })['a.d.ts']).toContain(
      "{ S } from 'theirs'",
    )
  })
})
