// `npm test` and `npm run test:long`: type check and lint beside vitest; the last line says how many passed, failed and were skipped,
// those before it what failed: whoever keeps only the end of an output has that.
//
// Words after `--` go to vitest: `npm test -- broker/log` runs one folder.
//
//   type check, lint  ──┐
//   unit tests ─────────┴──► tests of processes      mostly waiting
//   simulation, at a low priority ────────────►      takes what the others leave of the cores
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingTools, tools } from '../processes/machine.ts'
import type { Report } from './reporter.ts'
import { exitCode, sum, type Totals, totalsLine } from './totals.ts'

const root = join(import.meta.dirname, '..', '..')
const isLong = process.env['CASTELLAN_LONG'] === '1'
// What a run may take at most, far above what it should: a hanging test must not hang whoever waits for the last line.
const limitMs = (isLong ? 40 : 10) * 60_000

const failures: string[] = []
const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 1
  })
}

const missing = missingTools()
for (const tool of missing) {
  console.log(`${tool} is missing: the tests that need it are skipped (${tools[tool].install})`)
}
// Beside the tests, which wait for other processes often enough.
const checks = isLong
  ? []
  : [
      check('type check', 'node_modules/.bin/tsc', ['-p', 'tsconfig.json']),
      check('type check of the console', 'node_modules/.bin/tsc', ['-p', 'console/tsconfig.json']),
      check('lint', 'node_modules/.bin/biome', ['check', '--error-on-warnings']),
      check('imports', process.execPath, ['scripts/lint/main.ts']),
    ]
const words = process.argv.slice(2)
const tests =
  isLong || words.length > 0
    ? [vitest(words)]
    : [vitest(['--project=!simulation']), vitest(['--project=simulation'], { isBeside: true })]
const totals = sum(await Promise.all([...checks, ...tests]))
for (const name of failures) console.log(`failed: ${name}`)
console.log(totalsLine(totals))
process.exitCode = exitCode(totals)

async function check(name: string, command: string, args: string[]): Promise<Totals> {
  const startMs = Date.now()
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (output += text.toString()))
  const passed = (await exitOf(child)) === 0
  console.log(`${passed ? '✓' : '✗'} ${name} ${Date.now() - startMs} ms`)
  if (!passed) {
    console.log(output)
    failures.push(name)
  }
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }
}

/** `isBeside`: it must not starve what others start, and its output comes in one piece, when it has ended. */
async function vitest(args: string[], { isBeside = false } = {}): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-test-'))
  const reportFile = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=./test/runner/reporter.ts']
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], {
      cwd: root,
      stdio: ['ignore', isBeside ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, CASTELLAN_TEST_REPORT: reportFile },
    })
    if (isBeside && child.pid !== undefined)
      setPriority(child.pid, Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL))
    let output = ''
    child.stdout?.on('data', (text: Buffer) => (output += text.toString()))
    const code = await exitOf(child)
    if (isBeside) console.log(output)
    if (!existsSync(reportFile)) {
      failures.push(`vitest ended (${code}) without a report: nothing that it ran counts`)
      return { passed: 0, failed: 1, skipped: 0 }
    }
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report
    for (const name of report.skippedTests) console.log(`skipped: ${name}`)
    failures.push(...report.failedTests)
    // Vitest knows reasons to fail that belong to no test, such as an error after the last one.
    if (code !== 0 && report.failed === 0) {
      report.failed = 1
      failures.push(`vitest ended (${code}), though no test failed`)
    }
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The exit code of a child, or the signal that ended it. */
function exitOf(child: ChildProcess): Promise<number | string | null> {
  running.add(child)
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      console.log(`stopped after ${limitMs / 60_000} minutes`)
      child.kill('SIGKILL')
    }, limitMs)
    const done = (result: number | string | null) => {
      clearTimeout(timer)
      running.delete(child)
      resolve(result)
    }
    child.on('error', (error) => done(error.message))
    child.on('exit', (code, signal) => done(code ?? signal))
  })
}
