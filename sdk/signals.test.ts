import { type Clock, silentLogger } from '@castellan/protocol/runtime'
import { expect, test } from 'vitest'
import { type Signal, type SignalClient, type SignalSource, Signals } from './signals.ts'

/** A process as far as signals go. */
class FakeProcess implements SignalSource {
  readonly codes: number[] = []
  #listeners: [Signal, () => void][] = []

  prependListener(signal: Signal, listener: () => void): void {
    this.#listeners.unshift([signal, listener])
  }

  off(_: Signal, listener: () => void): void {
    this.#listeners = this.#listeners.filter(([, other]) => other !== listener)
  }

  listenerCount(signal: Signal): number {
    return this.#listeners.filter(([name]) => name === signal).length
  }

  exit(code: number): void {
    this.codes.push(code)
  }

  get heard(): Signal[] {
    return this.#listeners.map(([name]) => name).sort()
  }

  send(signal: Signal): void {
    for (const [name, listener] of [...this.#listeners]) if (name === signal) listener()
  }
}

let nowMs = 0
const clock = { nowMs: () => nowMs } as Clock

function client(close: SignalClient['close'], signals: readonly Signal[] = ['SIGTERM', 'SIGINT']): SignalClient {
  return { clock, log: silentLogger, signals, close }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('the process ends when all clients are closed, with 1 when one was not in good order', async () => {
  const fake = new FakeProcess()
  const signals = new Signals(fake)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  signals.add(client(() => Promise.resolve(false)))
  signals.add(client(() => promise))
  fake.send('SIGTERM')
  await turn()
  expect(fake.codes).toEqual([])
  resolve(true)
  await turn()
  expect(fake.codes).toEqual([1])
})

test('a signal soon after the first is the same wish; a later one, of either kind, ends at once', async () => {
  const fake = new FakeProcess()
  new Signals(fake).add(client(() => new Promise(() => {})))
  fake.send('SIGTERM')
  nowMs += 200
  fake.send('SIGTERM')
  expect(fake.codes).toEqual([])
  nowMs += 200
  fake.send('SIGINT')
  expect(fake.codes).toEqual([130])
})

test('listens only while a client wants it', () => {
  const fake = new FakeProcess()
  const signals = new Signals(fake)
  const ends = [['SIGTERM'] as const, ['SIGTERM', 'SIGINT'] as const].map((wanted) =>
    signals.add(client(() => Promise.resolve(true), wanted)),
  )
  expect(fake.heard).toEqual(['SIGINT', 'SIGTERM'])
  ends[1]!()
  expect(fake.heard).toEqual(['SIGTERM'])
  ends[0]!()
  ends[0]!()
  expect(fake.heard).toEqual([])
})

test('the end is left to others who listen, though they listen once', async () => {
  const fake = new FakeProcess()
  const other = () => fake.off('SIGTERM', other)
  fake.prependListener('SIGTERM', other)
  let isClosed = false
  new Signals(fake).add(client(async () => (isClosed = true)))
  fake.send('SIGTERM')
  await turn()
  expect([isClosed, fake.codes]).toEqual([true, []])
})
