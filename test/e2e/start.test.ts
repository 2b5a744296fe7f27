// `castellan start` as people use it: real processes, real ports, real folders.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { castellan, freePorts, root, TestProcess, waitFor } from '../processes/index.ts'

let folder: string
let data: string
let started: TestProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-start-'))
  data = join(folder, 'data')
  started = []
})

afterEach(async () => {
  await Promise.all(started.map((supervisor) => supervisor.kill()))
  await waitFor('all children to be gone', () => children().every(({ pid }) => !isAlive(pid)))
  rmSync(folder, { recursive: true, force: true })
})

interface Ready {
  castle: string
  bootstrap: string[]
}

function start(...args: string[]): TestProcess {
  return startBy(castellan, ...args)
}

/** By the command itself, or by the launcher of the npm scripts. */
function startBy(file: string, ...args: string[]): TestProcess {
  const words = args.some((word) => /^--data(=|$)/.test(word)) ? args : ['--data', data, ...args]
  const ports = ['--castle-port', '--broker-port'].flatMap((option) => (args.includes(option) ? [] : [option, '0']))
  const supervisor = new TestProcess('start', file, ['start', ...words, ...ports])
  started.push(supervisor)
  return supervisor
}

async function ready(supervisor: TestProcess): Promise<Ready> {
  const line = await waitFor(
    'the ready line',
    () => {
      if (!supervisor.isRunning) return 'ended'
      return /^ready castle=(\S+) bootstrap=(\S+)$/m.exec(supervisor.stdout) ?? undefined
    },
    30_000,
  )
  if (line === 'ended') throw new Error(`start ended:\n${supervisor.stderr}`)
  return { castle: line[1] ?? '', bootstrap: (line[2] ?? '').split(',') }
}

/** Who runs on the data folder, as the supervisor noted it. */
function children(): { name: string; pid: number }[] {
  const file = join(data, 'running.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { children: [] }).children : []
}

function pidOf(name: string): number | undefined {
  return children().find((child) => child.name === name)?.pid
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

interface Broker {
  id: number
  host: string
  port: number
  pid: number
  state: string
}

async function brokersUp(castle: string): Promise<Broker[]> {
  const response = await fetch(`${castle}/api/brokers`)
  const { items } = (await response.json()) as { items: Broker[] }
  return items.filter(({ state }) => state === 'up')
}

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

test('says ready when everything answers, mends a killed broker and a killed Castle, and stops in good order', async () => {
  const supervisor = start()
  const { castle, bootstrap } = await ready(supervisor)
  expect((await fetch(`${castle}/api/health`)).status).toBe(200)
  const brokers = await brokersUp(castle)
  expect(brokers.map(({ id }) => id).sort()).toEqual([1, 2, 3])
  expect(brokers.map(({ host, port }) => `${host}:${port}`).sort()).toEqual([...bootstrap].sort())
  expect(supervisor.stdout.trim().split('\n')).toHaveLength(1)

  for (const name of ['broker-2', 'castle']) {
    const before = pidOf(name)
    process.kill(before ?? 0, 'SIGKILL')
    await waitFor(`${name} to be started again`, () => {
      const pid = pidOf(name)
      return pid !== undefined && pid !== before
    })
    await waitFor('all brokers to be up at their old addresses', async () => {
      const up = await brokersUp(castle)
      const pids = up.map(({ pid }) => pid).sort()
      const wanted = ['broker-1', 'broker-2', 'broker-3'].map((broker) => pidOf(broker) ?? 0).sort()
      return JSON.stringify(pids) === JSON.stringify(wanted)
    })
    const addresses = (await brokersUp(castle)).map(({ host, port }) => `${host}:${port}`)
    expect(addresses.sort()).toEqual([...bootstrap].sort())
    expect(supervisor.stderr).toContain(`${name}: was killed by SIGKILL; starting it again`)
  }

  const pids = children().map(({ pid }) => pid)
  expect(pids).toHaveLength(4)
  await supervisor.stop()
  expect(pids.filter(isAlive)).toEqual([])
  expect(existsSync(join(data, 'running.json'))).toBe(false)
})

test('--brokers, --castle-port and --broker-port are kept; what was made is there at the next start, until --fresh', async () => {
  const [castlePort = 0, ...brokerPorts] = await freePorts(3)
  const options = ['--brokers', '2', '--castle-port', String(castlePort), '--broker-port', String(brokerPorts[0])]
  const topics = async (castle: string) => {
    const { items } = (await (await fetch(`${castle}/api/topics`)).json()) as { items: { name: string }[] }
    return items.map(({ name }) => name).filter((name) => !name.startsWith('__'))
  }

  const first = start(...options)
  const { castle, bootstrap } = await ready(first)
  expect(castle).toBe(`http://127.0.0.1:${castlePort}`)
  expect(bootstrap).toEqual(brokerPorts.map((port) => `127.0.0.1:${port}`))
  const body = JSON.stringify({ name: 'orders', partitions: 2 })
  const headers = { 'content-type': 'application/json' }
  expect((await fetch(`${castle}/api/topics`, { method: 'POST', body, headers })).status).toBe(201)
  expect(await topics(castle)).toEqual(['orders'])
  await first.stop()

  const second = start(...options)
  await ready(second)
  expect(await topics(castle)).toEqual(['orders'])
  await second.stop()

  const third = start(...options, '--fresh')
  await ready(third)
  expect(await topics(castle)).toEqual([])
  await third.stop()
})

test('kill -9 of the supervisor leaves nothing behind, and the next start just works', async () => {
  const supervisor = start('--brokers', '1')
  await ready(supervisor)
  const pids = children().map(({ pid }) => pid)
  expect(pids).toHaveLength(2)
  await supervisor.kill()
  const again = start('--brokers', '1')
  await ready(again)
  // Orphans that ended are seen until the system's first process has taken notice.
  await waitFor('the first children to be gone', () => pids.every((pid) => !isAlive(pid)), 5_000)
  await again.stop()
})

test('kill -9 of the launcher stops everything in good order', async () => {
  const launcher = startBy(join(root, 'scripts', 'run.mjs'), '--brokers', '1')
  await ready(launcher)
  const pids = children().map(({ pid }) => pid)
  await launcher.kill()
  await waitFor('the claim on the data folder to be given up', () => !existsSync(join(data, 'running.json')))
  expect(pids.filter(isAlive)).toEqual([])
})

test('--no-restart: what dies stays down', async () => {
  const supervisor = start('--brokers', '2', '--no-restart')
  const { castle } = await ready(supervisor)
  process.kill(pidOf('broker-1') ?? 0, 'SIGKILL')
  await waitFor('the word about it', () => supervisor.stderr.includes('broker-1: was killed by SIGKILL; it stays down'))
  await waitFor('Castle to see it', async () => (await brokersUp(castle)).length === 1)
  expect(children().map(({ name }) => name)).toEqual(['castle', 'broker-2'])
  await supervisor.stop()
})

test('Ctrl-C before it is ready stops what was started', async () => {
  const supervisor = start()
  await waitFor('children', () => children().length === 4 || children().length === 1)
  const pids = children().map(({ pid }) => pid)
  supervisor.signal('SIGINT')
  const { code } = await supervisor.ended
  expect(code).toBe(0)
  expect(supervisor.stdout).toBe('')
  expect(pids.filter(isAlive)).toEqual([])
})

test('what ends a process, an exception or a rejection that nobody handles, is in its log and its output after it was started again', async () => {
  const crash = join(folder, 'crash.mjs')
  const strikes = [
    "process.on('SIGUSR2', () => { throw new Error('an exception') })",
    "process.on('SIGWINCH', () => void Promise.reject(new Error('a rejection')))",
  ]
  writeFileSync(crash, strikes.join('\n'))
  const options = ['--brokers', '2', '--data', data, '--castle-port', '0', '--broker-port', '0']
  const supervisor = new TestProcess('start', castellan, ['start', ...options], {
    env: { NODE_OPTIONS: `--import ${crash}` },
  })
  started.push(supervisor)
  await ready(supervisor)
  process.kill(pidOf('broker-1') ?? 0, 'SIGUSR2')
  process.kill(pidOf('broker-2') ?? 0, 'SIGWINCH')
  for (const [name, message] of [
    ['broker-1', 'an exception'],
    ['broker-2', 'a rejection'],
  ]) {
    await waitFor(`${name} to be back`, () => supervisor.stderr.includes(`${name} is back`))
    const logged = readFileSync(join(data, 'logs', `${name}.log`), 'utf8')
    const lines = logged.trim().split('\n')
    const crashed = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'crashed')
    expect(crashed).toMatchObject({ error: { message, stack: expect.stringContaining('crash.mjs') } })
    expect(readFileSync(join(data, 'logs', `${name}.out`), 'utf8')).toContain(`Error: ${message}`)
  }
  await supervisor.stop()
})

// ---------------------------------------------------------------- what cannot work says so in one sentence

async function refused(...args: string[]): Promise<{ code: number | null; sentence: string }> {
  const supervisor = start(...args)
  const { code } = await supervisor.ended
  expect(supervisor.stdout).toBe('')
  expect(supervisor.stderr.trim().split('\n')).toHaveLength(1)
  return { code, sentence: supervisor.stderr.trim() }
}

test.each([
  ['--castle-port', 'castle'],
  ['--broker-port', 'broker-1'],
])('%s in use', async (option, name) => {
  const [port = 0] = await freePorts(4)
  const server = await occupy(port)
  try {
    const { code, sentence } = await refused(option, String(port))
    expect(code).toBe(1)
    expect(sentence).toMatch(new RegExp(`^castellan: ${name}: .*${port}.*choose another with ${option} PORT\\.$`))
    await waitFor('nothing to be left behind', () => children().every(({ pid }) => !isAlive(pid)))
    expect(existsSync(join(data, 'running.json'))).toBe(false)
    // A folder that was not there is not made.
    const unmade = join(data, 'unmade')
    expect((await refused(option, String(port), '--data', unmade)).sentence).toContain(
      `choose another with ${option} PORT.`,
    )
    expect(existsSync(unmade)).toBe(false)
  } finally {
    server.close()
  }
})

test('a second start on the same data folder', async () => {
  const supervisor = start('--brokers', '1')
  const { castle } = await ready(supervisor)
  const { code, sentence } = await refused('--fresh')
  expect(code).toBe(1)
  expect(sentence).toContain(`Another castellan (process ${supervisor.pid}) runs on the data folder ${data}`)
  expect(await brokersUp(castle)).toHaveLength(1)
  await supervisor.stop()
})

test.each([
  ['another version', () => writeIn(data, 'castellan.json', '{"version":99}'), /has layout version 99.*--data DIR/],
  ['something else', () => writeIn(data, 'thesis.tex', 'x'), /holds other things than Castellan's data \(thesis.tex\)/],
  [
    'a file',
    () => writeFileSync(data, 'x'),
    /The data folder cannot be .*: .* is a file\. Choose another with --data DIR/,
  ],
])('a data folder that is %s', async (_, prepare, sentence) => {
  prepare()
  expect(await refused()).toMatchObject({ code: 1, sentence: expect.stringMatching(sentence) })
})

test.each([
  ['/dev/null/data', 'The data folder cannot be /dev/null/data: /dev/null is a file.'],
  ['/proc/castellan/data', 'Cannot write to the data folder /proc/castellan/data ('], // the system says ENOENT for ever
])('a data folder that cannot be made: %s', async (path, sentence) => {
  expect(await refused('--data', path)).toMatchObject({ code: 1, sentence: expect.stringContaining(sentence) })
})

test.each([
  [['--brokers', '0'], "--brokers is '0', but must be a whole number from 1 to 100."],
  [['--castle-port', 'http'], "--castle-port is 'http', but must be a whole number from 0 to 65535."],
  [['--broker-port', '65535'], "--broker-port is '65535', but must be a whole number from 0 to 65533."],
  [['--castle-port', '9093', '--broker-port', '9092'], '--castle-port 9093 is also the port of broker 2'],
  [['--broker', '2'], "There is no option --broker for 'start': did you mean --brokers?"],
  [['--data='], '--data needs a value: --data DIR'],
  [['--demo'], '--demo is not part of this version'],
  [['now'], "'now' is too much for 'start'"],
])('start %j', async (args, sentence) => {
  expect(await refused(...args)).toMatchObject({ code: 2, sentence: expect.stringContaining(sentence) })
  expect(existsSync(data)).toBe(false)
})

function writeIn(path: string, name: string, text: string): void {
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, name), text)
}
