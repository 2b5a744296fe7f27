// The simulator's own parts: they keep the same rules as Node's, forget what they should and nothing else,
// and a seed gives one run.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeRuntime, readSmallFile } from '@castellan/protocol/runtime'
import { describe, expect, test } from 'vitest'
import { SimNetwork } from './network.ts'
import { Platters } from './platters.ts'
import { Machine } from './process.ts'
import { SeededRandom } from './random.ts'
import { diskCases, networkCases, type Settle } from './runtime.cases.ts'
import { Scheduler } from './scheduler.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function settleIn(scheduler: Scheduler): Settle {
  return async (promise) => {
    let settled = false
    const mark = () => {
      settled = true
    }
    promise.then(mark, mark)
    if (!(await scheduler.run(scheduler.nowMs + 60_000, () => settled)))
      throw new Error('not settled in 60 simulated seconds')
    return promise
  }
}

function machine(seed = 1) {
  const scheduler = new Scheduler(seed)
  const network = new SimNetwork(scheduler)
  return { scheduler, network, machine: new Machine('m1', scheduler, network), settle: settleIn(scheduler) }
}

describe('a disk: Node', () => {
  diskCases(() => ({
    disk: nodeRuntime().disk,
    root: mkdtempSync(join(tmpdir(), 'castellan-disk-')),
    settle: (promise) => promise,
  }))
})

describe('a disk: simulated', () => {
  diskCases(() => {
    const { machine: m, settle } = machine()
    const { disk } = m.boot().runtime
    disk.mkdir('/data')
    return { disk, root: '/data', settle }
  })
})

describe('a network: Node', () => {
  networkCases(() => ({ network: nodeRuntime().network, host: '127.0.0.1', settle: (promise) => promise }))
})

describe('a network: simulated', () => {
  networkCases(() => {
    const { machine: m, settle } = machine()
    return { network: m.boot().runtime.network, host: 'm1', settle }
  })
})

describe('death', () => {
  test('a kill keeps what was written, a power loss only what was synced and a prefix of the rest', async () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const { machine: m, settle } = machine(seed)
      const { disk } = m.boot().runtime
      disk.mkdir('/d')
      const file = disk.open('/d/f', 'create')
      file.writev([bytes('synced.')], 0)
      await settle(file.sync())
      file.writev([bytes('one.')], 7)
      file.writev([bytes('two.')], 11)
      m.kill('kill')
      expect(readSmallFile(m.boot().runtime.disk, '/d/f')).toEqual(bytes('synced.one.two.'))
      m.kill('power')
      seen.add(new TextDecoder().decode(readSmallFile(m.boot().runtime.disk, '/d/f')))
    }
    const whole = 'synced.one.two.'
    // What a torn write had not reached may be there as zeros.
    const zeros = /\0*$/
    for (const content of seen) {
      expect(content.startsWith('synced.') && whole.startsWith(content.replace(zeros, ''))).toBe(true)
      expect(content.length).toBeLessThanOrEqual(whole.length)
    }
    expect([...seen].some((content) => content.endsWith('\0'))).toBe(true)
    expect(seen).toContain('synced.')
    expect(seen).toContain('synced.one.')
    expect(seen).toContain(whole)
    expect([...seen].some((content) => !['synced.', 'synced.one.', whole].includes(content))).toBe(true)
  })

  test('a rename that was not synced may be undone, and then the old file is whole', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 50; seed++) {
      const platters = new Platters()
      const random = new SeededRandom(seed)
      const disk = platters.mount({
        random,
        act: () => 'lives',
        wrote: () => {},
        writes: (write) => write()(),
        later: (then) => then(),
      })
      const write = (path: string, content: string) => {
        const file = disk.open(path, 'create')
        file.writev([bytes(content)], 0)
        void file.sync()
        file.close()
      }
      write('/f', 'old')
      write('/f.tmp', 'new')
      disk.rename('/f.tmp', '/f')
      platters.losePower(random)
      outcomes.add(`${new TextDecoder().decode(readSmallFile(disk, '/f'))} ${disk.list('/').join()}`)
    }
    expect([...outcomes].sort()).toEqual(['new f', 'old f,f.tmp'])
  })

  test('nothing that a dead process started goes on', async () => {
    const { scheduler, machine: m } = machine()
    const { clock, disk } = m.boot().runtime
    const happened: string[] = []
    clock.after(10, () => happened.push('timer'))
    disk.mkdir('/d')
    const file = disk.open('/d/f', 'create')
    void file.sync().then(() => happened.push('sync'))
    m.kill('kill')
    file.writev([bytes('late')], 0)
    await scheduler.run(1_000)
    expect(happened).toEqual([])
    expect(readSmallFile(m.boot().runtime.disk, '/d/f')).toEqual(new Uint8Array(0))
  })

  test('a peer of a killed process sees a reset soon, of one without power late', async () => {
    for (const how of ['kill', 'power'] as const) {
      const { scheduler, network, machine: m, settle } = machine()
      const other = new Machine('m2', scheduler, network)
      const { network: served } = m.boot().runtime
      const handlers = { readBuffer: () => new Uint8Array(10), onRead: () => {}, onDrain: () => {} }
      await settle(
        served.listen({ host: 'm1', port: 9 }, (connection) => connection.start({ ...handlers, onClose: () => {} })),
      )
      const client = await settle(other.boot().runtime.network.connect({ host: 'm1', port: 9 }, { timeoutMs: 1_000 }))
      let closedAtMs = Number.NaN
      client.start({
        ...handlers,
        onClose: () => {
          closedAtMs = scheduler.nowMs
        },
      })
      const diedAtMs = scheduler.nowMs
      m.kill(how)
      await scheduler.run(60_000, () => !Number.isNaN(closedAtMs))
      if (how === 'kill') expect(closedAtMs - diedAtMs).toBeLessThan(10)
      else expect(closedAtMs - diedAtMs).toBeGreaterThan(1_000)
    }
  })
})

test('the same seed gives the same trace, another seed another', async () => {
  async function run(seed: number): Promise<string> {
    const { scheduler, network, machine: m } = machine(seed)
    const other = new Machine('m2', scheduler, network)
    const echo = { readBuffer: () => new Uint8Array(100), onDrain: () => {}, onClose: () => {} }
    await m
      .boot()
      .runtime.network.listen({ host: 'm1', port: 9 }, (connection) =>
        connection.start({ ...echo, onRead: (length) => void connection.write([new Uint8Array(length)]) }),
      )
    const opening = other.boot().runtime.network.connect({ host: 'm1', port: 9 }, { timeoutMs: 1_000 })
    void opening.then((connection) => {
      connection.start({ ...echo, onRead: (length) => void connection.write([new Uint8Array(length)]) })
      connection.write([new Uint8Array(50)])
    })
    await scheduler.run(1_000)
    return scheduler.traceHash()
  }
  expect(await run(7)).toBe(await run(7))
  expect(await run(7)).not.toBe(await run(8))
})
