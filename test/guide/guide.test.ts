// Every example of docs/guide is type-checked, and runs against a real platform.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { examplesOf, fits, type Program, programOf } from './examples.ts'
import { closeAll, linesOf } from './harness.ts'

const guide = join(root, 'docs', 'guide')
const examples = readdirSync(guide)
  .filter((page) => page.endsWith('.md'))
  .flatMap((page) => examplesOf(page, readFileSync(join(guide, page), 'utf8')))

let platform: TestPlatform
let folder: string
let programs: Program[]

beforeAll(async () => {
  platform = await startPlatform({ brokers: 1 })
  programs = examples.map((example, index) => programOf(example, index, platform))
  folder = mkdtempSync(join(import.meta.dirname, '.examples-')) // where the packages are found
  for (const [index, { code }] of programs.entries()) writeFileSync(fileOf(index), code)
  await Promise.all(programs.flatMap(({ topics }) => topics).map(createTopic))
})

afterAll(async () => {
  await closeAll()
  rmSync(folder, { recursive: true, force: true })
  await platform.stop()
})

function fileOf(index: number): string {
  return join(folder, `example-${index}.ts`)
}

async function createTopic(name: string): Promise<void> {
  const response = await fetch(`${platform.castle}/api/topics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, partitions: 1, replicationFactor: 1, ackLevel: -1 }),
  })
  expect(response.status, name).toBe(201)
}

test('the examples type-check', () => {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: [],
    files: programs.map((_, index) => fileOf(index)),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  expect(problemsOf(join(folder, 'tsconfig.json'))).toBe('')
})

/** What the compiler says of the examples, with their names. */
function problemsOf(config: string): string {
  try {
    return execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', config], { encoding: 'utf8' })
  } catch (error) {
    const said = String((error as { stdout?: unknown }).stdout)
    const lines = said.split('\n').filter((line) => line.includes('example-'))
    return lines.join('\n').replace(/\S*example-(\d+)\.ts/g, (_, index) => examples[Number(index)]!.name)
  }
}

describe.concurrent('the examples run, and print what the guide says', () => {
  const runs = examples.map((example, index) => ({ ...example, index })).filter(({ isRun }) => isRun)
  test.each(runs)('$name', async ({ index, prints }) => {
    const run: Promise<unknown> = import(fileOf(index))
    let failure: { readonly error: unknown } | undefined
    const done = run.catch((error: unknown) => {
      failure = { error }
    })
    const lines = linesOf(index)
    if (prints.length === 0) await done
    await waitFor(`'${prints.at(-1)}'`, () => failure !== undefined || lines.length >= prints.length)
    if (failure !== undefined) throw failure.error
    const { original } = programs[index]!
    const shown = lines.slice(0, prints.length).map(original)
    expect(shown.map((line, at) => (fits(line, prints[at]!) ? prints[at] : line))).toEqual(prints)
  })
})
