import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventLines, type FileChange, parseEvent, totalsOfFile } from './events.ts'
import { Ledger } from './ledger.ts'

let folder: string
let ledger: Ledger

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-ledger-'))
  ledger = new Ledger(join(folder, 'ledger.sqlite'))
})

afterEach(() => {
  ledger.close()
  rmSync(folder, { recursive: true })
})

const change = (seq: number, path = 'core/a'): FileChange => ({ commit: 'c', seq, time: 0, path, added: 2, removed: 1 })
const batch = (first: number, ...events: FileChange[]) =>
  events.map((event, index) => ({ offset: first + index, event }))

test('the whole stream in one partition comes to the totals of the file', () => {
  const lines = eventLines()
  expect(lines).toHaveLength(101_229)
  for (let at = 0; at < lines.length; at += 1000) {
    ledger.apply('one', 0, batch(at, ...lines.slice(at, at + 1000).map(parseEvent)))
  }
  expect(ledger.totals()).toEqual(totalsOfFile(lines))
  expect(ledger.faults()).toEqual([])
  expect(ledger.counted()).toBe(101_229)
})

test('a repeat counts once, and is seen as delivered', () => {
  ledger.apply('one', 3, batch(0, change(1), change(2), change(3)))
  ledger.apply('two', 3, batch(1, change(2), change(3), change(4)))
  expect(ledger.totals()).toEqual([{ folder: 'core', events: 4, added: 8, removed: 4 }])
  expect(ledger.counted()).toBe(4)
  expect(ledger.delivered()).toBe(6)
  expect(ledger.deliveries()).toEqual([
    { member: 'one', partition: 3, first: 0, last: 2 },
    { member: 'two', partition: 3, first: 1, last: 3 },
  ])
  expect(ledger.faults()).toEqual([])
})

test('a message that is missing, and one that comes late, are faults', () => {
  ledger.apply('one', 0, batch(0, change(5)))
  ledger.apply('one', 0, batch(2, change(6)))
  ledger.apply('one', 1, batch(0, change(4, 'README')))
  ledger.apply('one', 1, batch(1, change(4, 'README')))
  expect(ledger.faults().map(({ kind, partition }) => [kind, partition])).toEqual([
    ['gap', 0],
    ['order', 1],
  ])
})

test('a batch that cannot be counted leaves nothing', () => {
  const broken = { ...change(2), added: undefined as unknown as number, path: 'x/y' }
  expect(() => ledger.apply('one', 0, batch(0, change(1), { ...broken, seq: {} as unknown as number }))).toThrow()
  expect(ledger.counted()).toBe(0)
  expect(ledger.totals()).toEqual([])
  expect(ledger.delivered()).toBe(0)
})
