// What befalls machines: each kind of trouble does what it says, and no more.
import { readSmallFile } from '@castellan/protocol/runtime'
import { describe, expect, test } from 'vitest'
import { SimNetwork } from './network.ts'
import { Machine } from './process.ts'
import { Scheduler } from './scheduler.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (raw: Uint8Array | undefined) => (raw === undefined ? undefined : new TextDecoder().decode(raw))

function world(seed = 1) {
  const scheduler = new Scheduler(seed)
  const network = new SimNetwork(scheduler)
  return { scheduler, network, m1: new Machine('m1', scheduler, network), m2: new Machine('m2', scheduler, network) }
}

/** A link from m2 to m1, and what arrives at m1. */
async function linked(seed = 1) {
  const all = world(seed)
  const received: string[] = []
  await all.network.serveLinks(all.m1.boot(), { host: 'm1', port: 1 }, (link) =>
    link.start({ onMessage: (message) => received.push(message), onClose: (error) => received.push(String(error)) }),
  )
  const dialing = all.m2.boot().runtime.network.dial('ws://m1:1/', { timeoutMs: 100, maxMessageBytes: 100 })
  let isOpen = false
  void dialing.then(() => {
    isOpen = true
  })
  await all.scheduler.run(1_000, () => isOpen)
  const link = await dialing
  link.start({ onMessage: () => {}, onClose: () => {} })
  return { ...all, link, received }
}

describe('a crash at any await', () => {
  test('what a process does outside takes effect up to the n-th thing, and never after it', () => {
    const counts = new Set<number>()
    for (let acts = 1; acts <= 5; acts++) {
      const { m1, scheduler } = world(acts)
      const process = m1.boot()
      process.dieAt(acts, 'kill')
      for (const name of ['a', 'b', 'c']) process.runtime.disk.mkdir(`/${name}`)
      void scheduler.run(1)
      counts.add(m1.platters.folders.size - 1)
      expect(process.dead).toBe(acts <= 3)
    }
    expect([...counts]).toEqual([0, 1, 2, 3])
  })

  test('a write that it dies in may have happened in part', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const { m1 } = world(seed)
      const process = m1.boot()
      const file = process.runtime.disk.open('/f', 'create')
      process.dieAt(1, 'kill')
      file.writev([bytes('ab'), bytes('c')], 0)
      file.writev([bytes('late')], 0)
      m1.kill('kill')
      seen.add(text(readSmallFile(m1.boot().runtime.disk, '/f'))!)
    }
    expect([...seen].sort()).toEqual(['', 'a', 'ab', 'abc'])
  })

  test('the machine hears that it ended, once', async () => {
    const { m1, scheduler } = world()
    const ends: string[] = []
    m1.onEnded = (how) => ends.push(how)
    m1.boot().dieAt(1, 'power')
    m1.process!.runtime.disk.mkdir('/a')
    await scheduler.run(10)
    expect(ends).toEqual(['power'])
    expect(m1.process).toBeNull()
    expect(m1.boots).toBe(2)
  })
})

describe('a stalled process', () => {
  test('does nothing until it goes on, and then all that came meanwhile, in order', async () => {
    const { scheduler, m1, link, received } = await linked()
    const happened: number[] = []
    m1.process!.stall()
    for (const delayMs of [30, 10, 20]) m1.process!.runtime.clock.after(delayMs, () => happened.push(delayMs))
    link.send('one')
    link.send('two')
    await scheduler.run(scheduler.nowMs + 1_000)
    expect([happened, received]).toEqual([[], []])
    m1.process!.resume()
    await scheduler.run(scheduler.nowMs + 1)
    expect([happened, received]).toEqual([
      [10, 20, 30],
      ['one', 'two'],
    ])
  })

  test('its system accepts connections', async () => {
    const { scheduler, m1, m2, network } = world()
    await network.serveLinks(m1.boot(), { host: 'm1', port: 1 }, () => {})
    m1.process!.stall()
    let isOpen = false
    const open = m2.boot().runtime.network.dial('ws://m1:1/', { timeoutMs: 100, maxMessageBytes: 100 })
    void open.then(() => {
      isOpen = true
    })
    expect(await scheduler.run(1_000, () => isOpen)).toBe(true)
  })

  test('killed, it never goes on', async () => {
    const { scheduler, m1 } = world()
    const { runtime } = m1.boot()
    const happened: string[] = []
    runtime.clock.after(1, () => happened.push('timer'))
    m1.process!.stall()
    await scheduler.run(10)
    m1.kill('kill')
    await scheduler.run(1_000)
    expect(happened).toEqual([])
  })
})

test('a machine that slept: the boot clock went on, the monotonic one and its timers did not', async () => {
  const { scheduler, m1 } = world()
  const { clock } = m1.boot().runtime
  let firedMs = Number.NaN
  clock.after(100, () => {
    firedMs = scheduler.nowMs
  })
  await scheduler.run(50)
  m1.process!.stall()
  await scheduler.run(1_050)
  m1.sleptMs += 1_000
  m1.process!.resume()
  expect([clock.nowMs(), clock.bootMs()]).toEqual([50, 1_050])
  await scheduler.run(2_000)
  expect(firedMs).toBe(1_100)
})

test('messages of a link in trouble: each may be lost, come twice or come late; without it, none', async () => {
  const { scheduler, network, link, received } = await linked()
  const send = async () => {
    for (let i = 0; i < 300; i++) link.send(String(i))
    await scheduler.run(scheduler.nowMs + 1_000)
    return received.splice(0).map(Number)
  }
  network.linkTrouble = { lost: 0.1, twice: 0.1, late: 0.1, lateMs: 50 }
  const troubled = await send()
  const { lost, twice, late } = network.troubles
  expect(Math.min(lost, twice, late)).toBeGreaterThan(10)
  expect(troubled.length).toBe(300 - lost + twice)
  expect(new Set(troubled).size).toBe(300 - lost)
  expect(troubled).not.toEqual(troubled.toSorted((a, b) => a - b))
  network.healAll()
  expect(await send()).toEqual(Array.from({ length: 300 }, (_, i) => i))
})

describe('a disk', () => {
  test('a full one takes what has room, says ENOSPC, and takes more when there is room again', () => {
    const { m1 } = world()
    const { disk } = m1.boot().runtime
    const file = disk.open('/f', 'create')
    const codeOf = (act: () => unknown) => {
      try {
        act()
        return 'none'
      } catch (error) {
        return (error as { code?: string }).code
      }
    }
    m1.platters.freeBytes = 4
    expect(codeOf(() => file.writev([bytes('abc'), bytes('def')], 0))).toBe('ENOSPC')
    expect(file.size()).toBe(4)
    expect(codeOf(() => disk.open('/g', 'create'))).toBe('ENOSPC')
    expect(codeOf(() => disk.mkdir('/h'))).toBe('ENOSPC')
    expect(codeOf(() => file.writev([bytes('over')], 0))).toBe('none')
    file.truncate(1)
    expect(codeOf(() => file.writev([bytes('xyz')], 1))).toBe('none')
    m1.platters.freeBytes = Number.POSITIVE_INFINITY
    expect(codeOf(() => file.writev([bytes('more')], 4))).toBe('none')
    expect(m1.platters.refusals).toBe(3)
  })

  test('a slow one holds up who writes on the loop, as its clock shows at once; off the loop nobody is held up', async () => {
    const { m1, scheduler } = world()
    m1.writeDelayMs = 50
    const { disk, clock } = m1.boot().runtime
    const file = disk.open('/f', 'create')
    const seen: string[] = []
    file.writev([bytes('abc')], 0)
    const tookMs = clock.nowMs()
    expect(tookMs).toBeGreaterThan(0)
    clock.soon(() => seen.push(`went on ${clock.nowMs() >= tookMs}`))
    await scheduler.run(100, () => seen.length === 1)
    expect(seen).toEqual(['went on true'])
    const buffers = [bytes('de'), bytes('fg')]
    void file.writevAsync(buffers, 3).then(() => seen.push('written'))
    clock.soon(() => seen.push('not held up'))
    await scheduler.run(100, () => seen.length === 3)
    expect(seen.slice(1)).toEqual(['not held up', 'written'])
    expect(text(readSmallFile(disk, '/f'))).toBe('abcdefg')
  })

  test('killed in a write off the loop, any first part of it may stand', async () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 30; seed++) {
      const { m1 } = world(seed)
      const { disk } = m1.boot().runtime
      void disk.open('/f', 'create').writevAsync([bytes('ab'), bytes('c')], 0)
      m1.kill('kill')
      outcomes.add(text(readSmallFile(m1.boot().runtime.disk, '/f')) ?? '')
    }
    expect([...outcomes].sort()).toEqual(['', 'a', 'ab', 'abc'])
  })

  test('one bit flips, of a file that is meant, and is there until it is written over', () => {
    const { m1 } = world()
    const { disk } = m1.boot().runtime
    for (const path of ['/a', '/b']) disk.open(path, 'create').writev([new Uint8Array(8)], 0)
    const flip = m1.platters.flip(m1.random, (path) => path === '/b')!
    expect(readSmallFile(disk, '/a')).toEqual(new Uint8Array(8))
    const bits = [...readSmallFile(disk, '/b')!].map((byte) => byte.toString(2).replaceAll('0', '')).join('')
    expect([flip.path, bits, flip.isThere()]).toEqual(['/b', '1', true])
    disk.open('/b', 'write').writev([new Uint8Array(1)], flip.position)
    expect(flip.isThere()).toBe(false)
    expect(m1.platters.flip(m1.random, () => false)).toBeNull()
  })

  test('bytes turn into zeros, as far as the file goes, and are there until all of them are written over', () => {
    const { m1 } = world()
    const { disk } = m1.boot().runtime
    disk.open('/a', 'create').writev([bytes('abcdef')], 0)
    const flaw = m1.platters.zero('/a', 4, 10)
    expect(text(readSmallFile(disk, '/a'))).toBe('abcd\0\0')
    expect(flaw.isThere()).toBe(true)
    disk.open('/a', 'write').writev([bytes('x')], 5)
    expect(flaw.isThere()).toBe(true)
    disk.open('/a', 'write').writev([bytes('ex')], 4)
    expect(flaw.isThere()).toBe(false)
  })

  test('a file that is cut short is so until it grows, or is another', () => {
    const { m1 } = world()
    const { disk } = m1.boot().runtime
    for (const path of ['/a', '/b']) disk.open(path, 'create').writev([bytes('abcdef')], 0)
    const flaws = ['/a', '/b'].map((path) => m1.platters.cut(path, 2))
    expect(text(readSmallFile(disk, '/a'))).toBe('ab')
    expect(flaws.map((flaw) => flaw.isThere())).toEqual([true, true])
    disk.open('/a', 'write').writev([bytes('c')], 2)
    disk.rename('/b', '/c')
    expect(flaws.map((flaw) => flaw.isThere())).toEqual([false, false])
  })

  test('another one in its place has nothing', () => {
    const { m1 } = world()
    m1.boot().runtime.disk.mkdir('/data')
    m1.platters.clear()
    expect(m1.process!.runtime.disk.list('/')).toEqual([])
  })
})

test('nobody refuses at a machine without power', async () => {
  const { scheduler, m1, m2 } = world()
  m1.boot()
  m1.kill('power')
  let code: string | undefined
  const { network } = m2.boot().runtime
  network.connect({ host: 'm1', port: 1 }, { timeoutMs: 300 }).catch((error: { code?: string }) => {
    code = error.code
  })
  await scheduler.run(1_000)
  expect(code).toBe('ETIMEDOUT')
})
