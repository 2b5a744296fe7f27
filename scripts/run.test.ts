// The launcher in a workspace of its own, with an `npx` that only pretends to install: what is tested is when it installs,
// that runs at the same time do it once, and that signals and exit codes go through.
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let root: string

const npx = `#!/bin/sh
echo "$@" >> calls
[ -e broken ] && { echo 'no such registry'; exit 1; }
sleep 0.2
mkdir -p node_modules/node/bin
ln -sf '${process.execPath}' node_modules/node/bin/node
`

/** Exits with its first argument; with 'wait', says so and then tells the signal that it gets. */
const program = `
if (process.argv[2] !== 'wait') process.exit(Number(process.argv[2]))
process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(7) })
setInterval(() => {}, 1000)
console.log('waiting')
`

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'castellan-launcher-'))
  for (const folder of ['scripts', 'cli', 'bin']) mkdirSync(join(root, folder))
  copyFileSync(join(import.meta.dirname, 'run.mjs'), join(root, 'scripts', 'run.mjs'))
  writeFileSync(join(root, 'pnpm-workspace.yaml'), 'packages:\n  - cli\n')
  writeFileSync(join(root, 'pnpm-lock.yaml'), 'lock\n')
  writeFileSync(join(root, 'package.json'), JSON.stringify({ packageManager: 'pnpm@1.2.3' }))
  writeFileSync(join(root, 'cli', 'package.json'), '{}')
  writeFileSync(join(root, 'cli', 'main.ts'), program)
  writeFileSync(join(root, 'bin', 'npx'), npx)
  chmodSync(join(root, 'bin', 'npx'), 0o755)
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const installs = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : []

function launch(...args: string[]): { child: ChildProcess; result: Promise<{ code: number | null; output: string }> } {
  const { npm_lifecycle_event: _, ...env } = process.env
  const child = spawn(process.execPath, [join(root, 'scripts', 'run.mjs'), ...args], {
    cwd: root,
    env: { ...env, PATH: `${join(root, 'bin')}${delimiter}${env['PATH']}` },
  })
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (output += text.toString()))
  const result = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, output }))
  })
  return { child, result }
}

test('installs once, then not again until a package changes', async () => {
  expect(await launch('castellan', '3').result).toMatchObject({ code: 3 })
  expect(installs()).toEqual(['-y pnpm@1.2.3 install --frozen-lockfile'])
  expect(await launch('castellan', '0').result).toEqual({ code: 0, output: '' })
  expect(installs()).toHaveLength(1)
  writeFileSync(join(root, 'cli', 'package.json'), '{"dependencies":{}}')
  expect(await launch('castellan', '0').result).toMatchObject({ code: 0 })
  expect(installs()).toHaveLength(2)
})

test('runs at the same time install once, and all go on', async () => {
  const results = await Promise.all([1, 2, 3, 4].map((code) => launch('castellan', String(code)).result))
  expect(results.map(({ code }) => code)).toEqual([1, 2, 3, 4])
  expect(installs()).toHaveLength(1)
})

test('the lock of a run that was killed is no obstacle', async () => {
  mkdirSync(join(root, 'node_modules'))
  const dead = spawn(process.execPath, ['-e', ''])
  await new Promise((resolve) => dead.on('exit', resolve))
  writeFileSync(join(root, 'node_modules', '.castellan-install-lock'), String(dead.pid))
  expect(await launch('castellan', '0').result).toMatchObject({ code: 0 })
})

test('a failed install says so, and the next run tries again', async () => {
  writeFileSync(join(root, 'broken'), '')
  const { code, output } = await launch('castellan', '0').result
  expect(code).toBe(1)
  expect(output).toContain('no such registry')
  expect(output).toContain('castellan: The install failed')
  rmSync(join(root, 'broken'))
  expect(await launch('castellan', '0').result).toMatchObject({ code: 0 })
})

test('a signal reaches the program, and its exit code comes back', async () => {
  const { child, result } = launch('castellan', 'wait')
  child.stdout?.on('data', (text: Buffer) => text.includes('waiting') && child.kill('SIGTERM'))
  const { code, output } = await result
  expect(code).toBe(7)
  expect(output).toContain('SIGTERM')
})

test('a program that does not exist', async () => {
  const { code, output } = await launch('dance').result
  expect(code).toBe(1)
  expect(output).toContain("Unknown program 'dance': use one of start, castellan, test")
})

describe('the console', () => {
  /** Stands for the real one: writes where it is told to, and counts. */
  const vite = `
const { appendFileSync, existsSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync('../builds', '.')
if (existsSync('broken')) { console.log('no such module'); process.exit(1) }
mkdirSync(process.env.CONSOLE_DIST)
writeFileSync(process.env.CONSOLE_DIST + '/index.html', 'built')
`
  const builds = () => readFileSync(join(root, 'builds'), 'utf8').length

  beforeEach(() => {
    for (const folder of ['test/runner', 'console/node_modules/vite/bin'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'test', 'runner', 'main.ts'), program)
    writeFileSync(join(root, 'console', 'package.json'), '{}')
    writeFileSync(join(root, 'console', 'main.tsx'), 'one')
    writeFileSync(join(root, 'builds'), '')
    writeFileSync(join(root, 'console', 'node_modules', 'vite', 'bin', 'vite.js'), vite)
  })

  test('is built for whoever serves it, once, and again when its sources change', async () => {
    expect(await launch('castellan', '0').result).toMatchObject({ code: 0 })
    expect(builds()).toBe(0)
    const results = await Promise.all([1, 2].map((code) => launch('test', String(code)).result))
    expect(results.map(({ code }) => code)).toEqual([1, 2])
    expect(builds()).toBe(1)
    expect(readFileSync(join(root, 'console', 'dist', 'index.html'), 'utf8')).toBe('built')
    writeFileSync(join(root, 'console', 'main.test.ts'), 'no part of it')
    expect(await launch('test', '0').result).toEqual({ code: 0, output: '' })
    expect(builds()).toBe(1)
    writeFileSync(join(root, 'console', 'main.tsx'), 'two')
    expect(await launch('test', '0').result).toMatchObject({ code: 0, output: 'Building the console ...\n' })
    expect(builds()).toBe(2)
  })

  test('a build that fails says so, and leaves the one before', async () => {
    await launch('test', '0').result
    writeFileSync(join(root, 'console', 'broken'), '')
    const { code, output } = await launch('test', '0').result
    expect(code).toBe(1)
    expect(output).toContain('no such module')
    expect(output).toContain('castellan: The console cannot be built')
    expect(readFileSync(join(root, 'console', 'dist', 'index.html'), 'utf8')).toBe('built')
  })
})
