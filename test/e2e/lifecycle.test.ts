// The life of a service: it starts before Castle, follows Castle to another address, and ends in good order, in time, or at once.
import { createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { connect, type SdkEvent } from '@castellan/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAll } from '../clients/read-all.ts'
import { makeTopic } from '../clients/topics.ts'
import { complaints, startPlatform, type TestPlatform, TestProcess, waitFor } from '../processes/index.ts'

let platform: TestPlatform
const child = join(import.meta.dirname, 'service.child.ts')

beforeAll(async () => {
  // A short grace: one test starts Castle again, and waits until it is over.
  platform = await startPlatform({ brokers: 1, castleArgs: ['--start.grace.ms', '1000'] })
})

afterAll(async () => {
  await platform.stop()
})

/** A service that has just begun to handle a message. */
async function startService(ends: string): Promise<{ service: TestProcess; topic: string }> {
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  await makeTopic(platform.castle, { name: `${topic}-out`, partitions: 1 })
  const service = new TestProcess(ends, child, [platform.castle, topic, ends])
  await waitFor('the service to be ready', () => service.stdout.includes('ready') || !service.isRunning)
  const castellan = await connect({ castle: platform.castle, service: 'test', log: silentLogger })
  await castellan.producer().send({ topic, value: 'question' })
  await castellan.close()
  await waitFor('the service to have work', () => service.stdout.includes('handling') || !service.isRunning)
  return { service, topic }
}

const answersIn = async (topic: string) =>
  (await readAll(platform.bootstrap, `${topic}-out`)).map(({ value }) => Buffer.from(value ?? []).toString())

test('SIGTERM: what was begun is finished, what was posted is delivered, and the process ends with 0', async () => {
  const { service, topic } = await startService('in good order')
  service.signal('SIGTERM')
  const ended = await service.ended
  expect({ ...ended, stderr: complaints(service.stderr) }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(service.stdout.trim().split('\n')).toEqual(['ready', 'handling', 'before', 'handled'])
  expect((await answersIn(topic)).sort()).toEqual(['question', 'the last request'])
})

test('SIGTERM, and a broker that hangs: the process ends in time, with 1, and says so', async () => {
  const { service } = await startService('late')
  platform.process('broker-1').signal('SIGSTOP')
  try {
    service.signal('SIGTERM')
    expect(await service.ended).toEqual({ code: 1, signal: null })
    expect(service.stderr).toContain('the time was up')
  } finally {
    platform.process('broker-1').signal('SIGCONT')
  }
})

test('a second signal ends it at once', async () => {
  const { service } = await startService('in good order')
  platform.process('broker-1').signal('SIGSTOP') // so that the first takes long
  try {
    // Two that come together are one wish: npm passes on what a terminal has sent to all.
    service.signal('SIGINT')
    service.signal('SIGINT')
    await waitFor('the close to begin', () => service.stdout.includes('before'))
    await waitFor('the end', () => {
      service.signal('SIGTERM')
      return !service.isRunning
    })
    expect(await service.ended).toEqual({ code: 143, signal: null })
  } finally {
    platform.process('broker-1').signal('SIGCONT')
  }
})

test('where others listen for the signal, the end is theirs', async () => {
  const { service } = await startService('others')
  service.signal('SIGTERM')
  expect(await service.ended).toEqual({ code: 42, signal: null })
  expect(service.stdout).toContain('handled')
})

test('nothing keeps the process alive after close, though brokers and Castle hang, or are dead', async () => {
  const services = await Promise.all(['by itself', 'by itself'].map(startService))
  const [hung, alone] = services.map(({ service }) => service)
  for (const name of platform.names) platform.process(name).signal('SIGSTOP')
  hung!.signal('SIGUSR2')
  expect(await hung!.ended).toEqual({ code: 0, signal: null })
  expect(hung!.stdout).toContain('closed')
  await Promise.all(platform.names.map((name) => platform.kill(name)))
  alone!.signal('SIGUSR2')
  expect(await alone!.ended).toEqual({ code: 0, signal: null })

  // A service that starts before its platform waits, says so, and goes on when that comes.
  const said: string[] = []
  const log = { ...silentLogger, warn: (_: object, message: string) => void said.push(message), child: () => log }
  const connecting = connect({ castle: platform.castle, service: 'early', log })
  await waitFor('a word', () => said.includes('waiting for Castle'))
  await platform.restart('castle')
  await platform.restart('broker-1')
  const castellan = await connecting
  // Until its grace is over Castle counts those that were killed as living, and would place replicas there.
  await waitFor('Castle to know who lives', async () => {
    const { items } = (await (await fetch(`${platform.castle}/api/brokers`)).json()) as { items: { state: string }[] }
    return items.filter(({ state }) => state === 'up').length === 1
  })
  await platform.untilUp()
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  expect(await castellan.producer().send({ topic, value: 'v' })).toEqual({ partition: 0, offset: 0 })
  await castellan.close()
})

test('several addresses of Castle: a dead first one is passed over, and one that dies is left for another', async () => {
  const topic = await makeTopic(platform.castle, { partitions: 1 })
  const way = await aWayTo(new URL(platform.castle))
  const events: SdkEvent[] = []
  const states = () => events.flatMap((event) => (event.kind === 'castle' ? event.state : []))
  const castle = ['http://127.0.0.1:1', way.url, platform.castle]
  const castellan = await connect({
    castle,
    service: 'test',
    log: silentLogger,
    onEvent: (event) => events.push(event),
  })
  expect([states(), way.connections]).toEqual([['connected'], 1])
  await way.close()
  await waitFor('the other address', () => states().length === 3)
  expect(states()).toEqual(['connected', 'disconnected', 'connected'])
  expect(await castellan.producer().send({ topic, value: 'v' })).toEqual({ partition: 0, offset: 0 })
  await castellan.close()
})

/** Another address of the same Castle, which can die. */
async function aWayTo({ hostname, port }: URL) {
  const sockets = new Set<Socket>()
  const way = { url: '', connections: 0, close: () => Promise.resolve() }
  const server = createServer((near) => {
    way.connections++
    const far = dial(Number(port), hostname)
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from)
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  way.url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  way.close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return way
}
