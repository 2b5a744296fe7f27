// A fresh clone with nothing but the machine's own Node and npm: `npm start` installs what it needs and comes up; the second time
// nothing is installed, and the launcher hardly shows.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, waitFor } from '../processes/index.ts'

let folder: string
let clone: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-clone-'))
  clone = join(folder, 'castellan')
  execFileSync('git', ['clone', '--quiet', root, clone])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Without what the launcher of this very test run put there. */
function environment(): NodeJS.ProcessEnv {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.startsWith(root))
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|CASTELLAN_|NODE_COMPILE_CACHE|INIT_CWD)/i.test(name),
  )
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) }
}

async function startAndStop(): Promise<{ stderr: string; code: number | null }> {
  const words = ['start', '--', '--castle-port', '0', '--broker-port', '0', '--data', join(folder, 'data')]
  const npm = spawn('npm', words, { cwd: clone, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  npm.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  npm.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const ended = new Promise<number | null>((resolve) => npm.on('close', resolve))
  try {
    const [, castle] = await waitFor(
      'the ready line',
      () => {
        if (npm.exitCode !== null) throw new Error(stderr)
        return /^ready castle=(\S+) bootstrap=\S+$/m.exec(stdout) ?? undefined
      },
      240_000,
    )
    expect((await fetch(`${castle}/api/health`)).status).toBe(200)
  } finally {
    npm.kill('SIGTERM')
  }
  return { stderr, code: await ended }
}

test('npm start installs and comes up; the second time it only comes up', { timeout: 300_000 }, async () => {
  const first = await startAndStop()
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('Installing dependencies') })
  const second = await startAndStop()
  expect(second.code).toBe(0)
  expect(second.stderr).not.toContain('Installing')
})

test('npm pack in the folder of the SDK gives what users install, and leaves the folder as it was', {
  timeout: 120_000,
}, () => {
  const home = join(clone, 'sdk')
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: home, env: environment(), stdio: 'ignore' })
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('')
  const service = join(folder, 'service')
  mkdirSync(service)
  writeFileSync(join(service, 'package.json'), '{ "private": true }\n')
  const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  execFileSync('npm', ['install', join(folder, archive!)], { cwd: service, env: environment(), stdio: 'ignore' })
  const code =
    "import { connect } from '@castellan/sdk'; import { KafkaClient } from '@castellan/sdk/kafka'; console.log(typeof connect, typeof KafkaClient)"
  const words = ['--input-type=module', '--eval', code]
  expect(execFileSync('node', words, { cwd: service, env: environment(), encoding: 'utf8' })).toBe(
    'function function\n',
  )
})

test('the launcher adds less than half a second', { timeout: 60_000 }, () => {
  const node = join(clone, 'node_modules', 'node', 'bin', 'node')
  const timeMs = (command: string, args: string[]) => {
    const startMs = performance.now()
    execFileSync(command, args, { cwd: clone, env: environment() })
    return performance.now() - startMs
  }
  const rounds = [1, 2, 3, 4, 5]
  const bare = Math.min(...rounds.map(() => timeMs(node, ['cli/main.ts', '--help'])))
  const launched = Math.min(...rounds.map(() => timeMs('node', ['scripts/run.mjs', 'castellan', '--help'])))
  expect(launched - bare).toBeLessThan(500)
})
