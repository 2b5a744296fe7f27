// deploy/compose.yaml, with its commands and variables as they stand there, as processes of this machine: what a container engine
// would run. Only ports and folders are others, so that tests can run side by side.
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '@castellan/cli/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { castellan, freePorts, root, TestProcess, waitFor } from '../processes/index.ts'

interface ComposeService {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
  readonly ports: readonly string[]
  readonly network_mode?: string
}

const file = join(root, 'deploy', 'compose.yaml')
const image = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8')
const portsWritten = [8600, 9092, 9093, 9094, 9101, 9102, 9103]
const running = new Map<string, TestProcess>()
let services: Record<string, ComposeService>
let castle: string
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'castellan-compose-'))
  const ports = await freePorts(portsWritten.length)
  castle = `http://127.0.0.1:${ports[0]}`
  const text = portsWritten.reduce(
    (yaml, port, at) => yaml.replaceAll(new RegExp(`:${port}\\b`, 'g'), `:${ports[at]}`),
    readFileSync(file, 'utf8'),
  )
  services = (parse(text, { merge: true }) as { services: typeof services }).services
  for (const [name, { command, environment }] of processes()) {
    const env = {
      CASTELLAN_CASTLE_DATA_DIR: join(folder, name),
      CASTELLAN_BROKER_LOG_DIR: join(folder, name),
      ...environment,
    }
    running.set(name, new TestProcess(name, castellan, command, { env }))
  }
})

afterAll(async () => {
  try {
    await Promise.all([...running].filter(([name]) => name !== 'castle').map(([, each]) => each.stop()))
    await running.get('castle')?.stop()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function processes(): [string, ComposeService][] {
  return Object.entries(services).filter(([name]) => name !== 'network')
}

async function isHealthy(url: string): Promise<boolean> {
  const check = new TestProcess('health', join(root, 'deploy', 'health.mjs'), [], {
    env: { CASTELLAN_HEALTH_URL: url },
  })
  return (await check.ended).code === 0
}

test('every container gets healthy, by its own check; without its process it is not', async () => {
  expect(processes().map(([name]) => name)).toEqual(['castle', 'broker-1', 'broker-2', 'broker-3'])
  for (const [name, { environment }] of processes()) {
    await waitFor(`${name} to be healthy`, () => isHealthy(environment['CASTELLAN_HEALTH_URL'] ?? ''))
  }
  expect(await isHealthy('http://127.0.0.1:9/health')).toBe(false)
  await waitFor('all brokers to be up', async () => {
    const { stdout } = await runHere(['status', '--castle', castle, '--json'])
    return (JSON.parse(stdout) as { brokers: { state: string }[] }).brokers.length === 3
  })
  expect(await runHere(['status', '--castle', castle])).toMatchObject({ code: 0 })
})

test('what brokers advertise is published, and a client of this machine gets through', async () => {
  const published = services['network']?.ports.map((mapping) => mapping.split(':').at(-1))
  for (const [, { environment }] of processes()) {
    const listen = environment['CASTELLAN_BROKER_LISTEN'] ?? environment['CASTELLAN_CASTLE_LISTEN'] ?? ''
    expect(published).toContain(listen.split(':').at(-1))
    expect(environment['CASTELLAN_BROKER_ADVERTISE'] ?? listen).toMatch(new RegExp(`:${listen.split(':').at(-1)}$`))
  }
  const run = (words: string, input?: string) =>
    runHere([...words.split(' '), '--castle', castle], input === undefined ? {} : { input })
  expect(await run('topic create orders --partitions 3')).toMatchObject({ code: 0 })
  expect(await run('produce orders', 'one\ntwo\n')).toMatchObject({ code: 0 })
  expect((await run('consume orders --from earliest --until end')).stdout.trim().split('\n').sort()).toEqual([
    'one',
    'two',
  ])
})

test('the image starts the command that the tests start, as nobody in particular, with the folders that compose keeps', () => {
  expect(image).toContain('ENTRYPOINT ["node", "cli/main.ts"]')
  expect(image).toMatch(/^USER node$/m)
  for (const [name, { volumes }] of processes()) expect(volumes, name).toEqual([`${name}:/data`])
  for (const variable of ['CASTELLAN_CASTLE_DATA_DIR', 'CASTELLAN_BROKER_LOG_DIR'])
    expect(image).toContain(`${variable}=/data`)
})
