// The examples of docs/guide, as programs that can be run side by side.
//
//   ```ts            a program; what it prints stands beside it, after `//>` ('...' there: whatever it is). It runs, and must print that.
//   ```ts kafkajs    what one had before, with kafkajs: type-checked only
//
// A program that does not connect is given `castellan`, as its page says. Topics, groups and services get names of their own for each
// program, so that none reads another's messages.

export interface Example {
  /** `consuming.md: Batches` */
  readonly name: string
  readonly code: string
  readonly isRun: boolean
  readonly prints: readonly string[]
}

export interface Program {
  readonly code: string
  /** To be made before it runs. */
  readonly topics: readonly string[]
  /** What it prints, with its own names put back. */
  readonly original: (printed: string) => string
}

export function examplesOf(page: string, text: string): Example[] {
  const examples: Example[] = []
  let heading = page
  for (const match of text.matchAll(/^#+ (?<heading>.*)$|^```ts(?<kind>[^\n]*)\n(?<code>[\s\S]*?)^```$/gm)) {
    const { heading: found, kind, code } = match.groups!
    if (found !== undefined) heading = `${page}: ${found}`
    if (code === undefined) continue
    const prints = [...code.matchAll(/\/\/> (.*)$/gm)].map(([, line]) => line!)
    const count = examples.filter(({ name }) => name.startsWith(heading)).length
    const name = count === 0 ? heading : `${heading} (${count + 1})`
    examples.push({ name, code, isRun: kind!.trim() === '', prints })
  }
  return examples
}

/** Where the programs find the platform. */
export interface Addresses {
  readonly castle: string
  readonly bootstrap: string
}

/** The example as program number `index`. It stands in a folder beside harness.ts. */
export function programOf({ code, isRun }: Example, index: number, { castle, bootstrap }: Addresses): Program {
  if (/\bTestPlatform\b/.test(code)) return inAWorldOfItsOwn(code, index)
  const own = (name: string) => `${name}-${index}`
  const topics = new Set([
    ...namesIn(code, /\btopic(?:: |\()'([^']+)'/g),
    ...[...code.matchAll(/\btopics: \[([^\]]*)\]/g)].flatMap(([, list]) => namesIn(list!, /'([^']+)'/g)),
  ])
  const names = new Set([...topics, ...namesIn(code, /\b(?:group|service): '([^']+)'/g)])
  let renamed = code
    .replaceAll('http://127.0.0.1:8600', castle)
    .replaceAll('broker-1:9092,broker-2:9092', bootstrap)
    .replaceAll("'@castellan/sdk'", "'../harness.ts'")
  for (const name of names) renamed = renamed.replaceAll(`'${name}'`, `'${own(name)}'`)
  const isConnected = /\bconst castellan =/.test(code)
  const prelude = [
    `import { connect as connectIt, printer } from '../harness.ts'`,
    `const console = printer(${index})`,
    isConnected || !isRun
      ? ''
      : `const castellan = await connectIt({ castle: '${castle}', service: 'guide-${index}' })`,
  ]
  return {
    code: `${prelude.join('\n')}\n${renamed}\nexport {}\n`,
    topics: [...topics].filter((name) => !name.startsWith('no-')).map(own),
    original: (printed) => [...names].reduce((text, name) => text.replaceAll(own(name), name), printed),
  }
}

/** A test platform is in the program itself. */
function inAWorldOfItsOwn(code: string, index: number): Program {
  const prelude = `import { printer } from '../harness.ts'\nconst console = printer(${index})`
  return { code: `${prelude}\n${code}\nexport {}\n`, topics: [], original: (printed) => printed }
}

/** Whether a line is what the guide says, where '...' is anything. */
export function fits(line: string, said: string): boolean {
  const parts = said.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(line)
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name!)
}
