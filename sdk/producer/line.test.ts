import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Identity, type IdentitySource, Line, type LineBatch, sequenceAfter } from './line.ts'

interface TestBatch extends LineBatch {
  readonly name: number
  /** An attempt may have been written: it came back without an answer. */
  unknown: boolean
}

function batch(name: number, recordCount = 1): TestBatch {
  return { name, recordCount, order: -1, identity: null, sequence: -1, unknown: false }
}

function identities(): IdentitySource {
  let newest: Identity = { producerId: 7, producerEpoch: 0 }
  return {
    current: () => newest,
    after(identity) {
      if (identity.producerEpoch === newest.producerEpoch)
        newest = { ...newest, producerEpoch: newest.producerEpoch + 1 }
      return newest
    },
  }
}

/** A line of `count` batches, all in flight. */
function sent(count: number) {
  const source = identities()
  const line = new Line<TestBatch>()
  const batches = Array.from({ length: count }, (_, name) => batch(name, 10))
  for (const one of batches) {
    line.append(one)
    line.take(source)
  }
  return { source, line, batches }
}

const numbersOf = ({ name, identity, sequence }: TestBatch) => [name, identity?.producerEpoch, sequence]

describe('a line', () => {
  test('numbers batches as they leave, and keeps the numbers', () => {
    const { line, batches, source } = sent(3)
    expect(batches.map(numbersOf)).toEqual([
      [0, 0, 0],
      [1, 0, 10],
      [2, 0, 20],
    ])
    line.done(batches[0]!)
    line.returned(batches[1]!)
    expect(line.take(source)).toBeUndefined()
    line.returned(batches[2]!)
    expect([line.take(source), line.take(source)].map((one) => numbersOf(one!))).toEqual([
      [1, 0, 10],
      [2, 0, 20],
    ])
  })

  test('keeps the order of what comes back in another one', () => {
    const { line, batches } = sent(3)
    for (const index of [2, 0, 1]) line.returned(batches[index]!)
    expect(line.waiting.map(({ name }) => name)).toEqual([0, 1, 2])
  })

  test('starts anew when the leader misses what came before the first', () => {
    const { line, batches, source } = sent(3)
    line.done(batches[0]!)
    expect(line.outOfOrder(batches[1]!)).toBe(true)
    expect(line.take(source)).toBeUndefined()
    expect(line.outOfOrder(batches[2]!)).toBe(false)
    line.append(batch(3, 10))
    const again = [line.take(source), line.take(source), line.take(source)]
    expect(again.map((one) => numbersOf(one!))).toEqual([
      [1, 1, 0],
      [2, 1, 10],
      [3, 1, 20],
    ])
  })

  test('does not start anew because an earlier one came back', () => {
    const { line, batches, source } = sent(2)
    line.returned(batches[0]!)
    expect(line.outOfOrder(batches[1]!)).toBe(false)
    expect(numbersOf(line.take(source)!)).toEqual([0, 0, 0])
  })

  test.each([
    { name: 'uses the numbers again of one that was refused', written: 'no' as const, expected: [1, 0, 0] },
    { name: 'leaves out the numbers of one that may be written', written: 'unknown' as const, expected: [1, 0, 10] },
  ])('$name', ({ written, expected }) => {
    const { line, batches, source } = sent(1)
    line.dropped(batches[0]!, written)
    line.append(batch(1))
    expect(numbersOf(line.take(source)!)).toEqual(expected)
  })

  test('keeps the numbers of a refused one when later ones have left', () => {
    const { line, batches, source } = sent(2)
    line.dropped(batches[0]!, 'no')
    expect(line.outOfOrder(batches[1]!)).toBe(true)
    expect(numbersOf(line.take(source)!)).toEqual([1, 1, 0])
  })

  test('splits one into parts that have its numbers and its place', () => {
    const { line, batches, source } = sent(2)
    line.split(batches[0]!, [batch(10, 4), batch(11, 6)])
    line.outOfOrder(batches[1]!)
    const parts = [line.take(source)!, line.take(source)!]
    expect([...parts, line.take(source)!].map(numbersOf)).toEqual([
      [10, 0, 0],
      [11, 0, 4],
      [1, 0, 10],
    ])
    line.returned(parts[0]!)
    expect(line.outOfOrder(parts[1]!)).toBe(false)
  })

  test('sequences start again at 0', () => {
    expect(sequenceAfter(2 ** 31 - 3, 2)).toBe(2 ** 31 - 1)
    expect(sequenceAfter(2 ** 31 - 3, 3)).toBe(0)
    expect(sequenceAfter(2 ** 31 - 3, 5)).toBe(2)
  })
})

// ---------------------------------------------------------------- against a leader

/** A leader's log and what it remembers of our producer: the last five batches, as Kafka does. */
class Leader {
  readonly log: { name: number; epoch: number; sequence: number; records: number }[] = []

  append({ name, identity, sequence, recordCount }: TestBatch): 'written' | 'out-of-order' | 'fenced' {
    const epoch = identity!.producerEpoch
    const last = this.log.at(-1)
    if (last !== undefined && epoch < last.epoch) return 'fenced'
    if (this.log.slice(-5).some((known) => known.epoch === epoch && known.sequence === sequence)) return 'written'
    const expected = last === undefined ? sequence : epoch > last.epoch ? 0 : sequenceAfter(last.sequence, last.records)
    if (sequence !== expected) return 'out-of-order'
    this.log.push({ name, epoch, sequence, records: recordCount })
    return 'written'
  }
}

/** What befalls a request: it arrives, is lost on the way, its answer is lost, it is refused for good, or records are lost (Ack 1). */
const fates = ['arrives', 'arrives', 'arrives', 'lost', 'answer-lost', 'refused', 'truncated', 'given-up'] as const
type Fate = (typeof fates)[number]

function play(batchCount: number, fate: (attempt: number) => Fate) {
  const source = identities()
  const line = new Line<TestBatch>()
  const leader = new Leader()
  const acknowledged: number[] = []
  const excused = new Set<number>()
  for (let name = 0; name < batchCount; name++) line.append(batch(name, 1 + (name % 3)))
  for (let attempt = 0, idle = 0; line.waiting.length > 0 || line.inFlight.length > 0; ) {
    if (idle++ > 10_000) throw new Error('the line does not move on')
    // Records are lost when leadership moves, so never between the requests of one connection.
    if (attempt < 400 && fate(attempt++) === 'truncated')
      for (const { name } of leader.log.splice(-2)) excused.add(name)
    const flight: TestBatch[] = []
    for (let next = line.take(source); next !== undefined && flight.length < 5; next = line.take(source))
      flight.push(next)
    // Answers come in order; the fate of a connection that broke is that of everything behind it too.
    let cut = false
    for (const one of [...line.inFlight]) {
      const what = attempt < 400 ? fate(attempt++) : 'arrives'
      if (what === 'refused' && !cut) {
        line.dropped(one, one.unknown ? 'unknown' : 'no')
        excused.add(one.name)
        continue
      }
      cut ||= what === 'lost'
      const answer = cut ? 'none' : leader.append(one)
      cut ||= what === 'answer-lost'
      if (cut) one.unknown = true
      if (cut && what === 'given-up') {
        line.dropped(one, 'unknown')
        excused.add(one.name)
      } else if (cut) line.returned(one)
      else if (answer === 'written') {
        line.done(one)
        acknowledged.push(one.name)
      } else if (answer === 'out-of-order') line.outOfOrder(one)
      else line.fenced(one)
    }
  }
  return { log: leader.log.map(({ name }) => name), acknowledged, excused }
}

test('whatever happens to requests, the log has every batch once and in order (R4)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 400 }),
      (count, list) => {
        const { log, acknowledged, excused } = play(count, (attempt) => list[attempt % list.length]!)
        expect(log).toEqual([...new Set(log)].sort((a, b) => a - b))
        for (const name of acknowledged) expect(log.includes(name) || excused.has(name)).toBe(true)
        for (let name = 0; name < count; name++) expect(log.includes(name) || excused.has(name)).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
