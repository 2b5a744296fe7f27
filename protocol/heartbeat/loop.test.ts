import { describe, expect, test } from 'vitest'
import { step, wakeAt } from './loop.ts'
import { type Effect, type Loop, type LoopEvent, newLoop } from './loop-state.ts'
import type { Answer } from './messages.ts'
import type { Subject } from './subjects.ts'

const options = { urls: ['ws://a/link', 'ws://b/link'], intervalMs: 1_000, leaseMs: 4_000 }

/** A loop, its clock, and everything that it wanted done. */
class Run {
  loop: Loop = newLoop(options)
  nowMs = 10_000
  bootMs = 50_000
  random = 0
  effects: Effect[] = []

  take(event: LoopEvent): Effect[] {
    const at = { nowMs: this.nowMs, bootMs: this.bootMs, random: this.random }
    const [next, effects] = step(this.loop, event, at)
    this.loop = next
    this.effects.push(...effects)
    return [...effects]
  }

  tick(): Effect[] {
    return this.take({ kind: 'tick' })
  }

  pass(ms: number): this {
    this.nowMs += ms
    this.bootMs += ms
    return this
  }

  /** As far as a link over which Castle has answered the first heartbeat. */
  static linked(): Run {
    const run = new Run()
    run.tick()
    run.take({ kind: 'linked' })
    run.tick()
    run.answer()
    run.pass(10)
    return run
  }

  /** Castle answers the heartbeat in flight, unless told which. */
  answer(more: Partial<Answer> = {}): Effect[] {
    const seq = this.loop.flight?.seq ?? 0
    return this.take({
      kind: 'answer',
      answer: { type: 'answer', seq, castleEpoch: 5, intervalMs: 1_000, leaseMs: 4_000, ...more },
    })
  }

  sent(): Effect[] {
    return this.effects.filter(({ kind }) => kind === 'send')
  }
}

const subject = (key: string, version: number, state: unknown = {}): Subject => ({ key, version, state })
const kindsOf = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)

describe('when to send', () => {
  test('at once on a new link, with the whole report', () => {
    const run = new Run()
    expect(run.tick()).toEqual([{ kind: 'dial', url: 'ws://a/link' }])
    run.take({ kind: 'linked' })
    expect(run.tick()).toMatchObject([{ kind: 'send', flight: { seq: 1, withReport: true, reportNumber: 1 } }])
  })

  test('then every interval, a tenth of jitter early, without the report', () => {
    const run = Run.linked()
    expect(run.tick()).toEqual([])
    expect(wakeAt(run.loop)).toBe(11_000)
    run.pass(990)
    run.random = 0.5
    expect(run.tick()).toMatchObject([{ kind: 'send', flight: { seq: 2, withReport: false } }])
    run.answer()
    expect(wakeAt(run.loop)).toBe(11_950)
  })

  test('never two in flight: news in flight go out right after', () => {
    const run = Run.linked()
    run.take({ kind: 'changed' })
    expect(kindsOf(run.tick())).toEqual(['send'])
    run.pass(10).take({ kind: 'changed' })
    expect(run.tick()).toEqual([])
    run.pass(10).answer()
    expect(run.tick()).toMatchObject([{ kind: 'send', flight: { withReport: true, reportNumber: 3 } }])
  })

  test('never closer than the gap, however much happens', () => {
    const run = Run.linked()
    run.take({ kind: 'changed' })
    run.tick()
    run.answer()
    run.take({ kind: 'changed' })
    expect(run.tick()).toEqual([])
    expect(wakeAt(run.loop)).toBe(run.nowMs + 5)
    expect(kindsOf(run.pass(5).tick())).toEqual(['send'])
  })

  test('on push, within the spread', () => {
    const run = Run.linked()
    run.random = 0.25
    run.take({ kind: 'push', push: { type: 'push', castleEpoch: 5, subjects: [], withinMs: 400 } })
    expect(run.tick()).toEqual([])
    expect(wakeAt(run.loop)).toBe(run.nowMs + 100)
    expect(kindsOf(run.pass(100).tick())).toEqual(['send'])
  })

  test('again at once when Castle asks for the report or has more, but not when it asks in circles', () => {
    const run = Run.linked()
    run.pass(990).tick()
    run.answer({ needReport: true })
    expect(run.pass(5).tick()).toMatchObject([{ kind: 'send', flight: { withReport: true } }])
    run.answer({ needReport: true })
    expect(run.pass(5).tick()).toEqual([])
    run.pass(985).tick()
    run.answer({ more: true, subjects: [subject('topic/a', 1)] })
    expect(kindsOf(run.pass(5).tick())).toEqual(['send'])
    run.answer({ more: true })
    expect(run.pass(5).tick()).toEqual([])
  })

  test('not before the time that an overloaded Castle named, whatever happens', () => {
    const run = new Run()
    run.tick()
    run.take({ kind: 'linked' })
    run.tick()
    run.answer({ comeBackInMs: 700 })
    run.take({ kind: 'changed' })
    run.pass(699)
    expect(run.tick()).toEqual([])
    expect(run.loop.lease).toBeNull()
    expect(run.loop.greeted).toBe(false)
    expect(run.pass(1).tick()).toMatchObject([{ kind: 'send', flight: { withReport: true } }])
  })
})

describe('what to apply', () => {
  test('of each subject the newest, in any order, once', () => {
    const run = Run.linked()
    run.pass(990).tick()
    const subjects = [subject('topic/a', 7), subject('topic/a', 6), subject('topic/b', 3)]
    expect(run.answer({ subjects })[0]).toEqual({
      kind: 'apply',
      subjects: [subject('topic/a', 7), subject('topic/b', 3)],
    })
    run.pass(1_000).tick()
    expect(kindsOf(run.answer({ subjects: [subject('topic/a', 7), subject('topic/b', 2)] }))).toEqual(['answered'])
    expect([...run.loop.versions]).toEqual([
      ['topic/a', 7],
      ['topic/b', 3],
    ])
  })

  test('what it holds now is news for Castle', () => {
    const run = Run.linked()
    run.pass(990).tick()
    run.answer({ subjects: [subject('topic/a', 7)] })
    expect(run.pass(5).tick()).toMatchObject([{ kind: 'send', flight: { withReport: true, reportNumber: 2 } }])
    run.answer()
    expect(run.pass(5).tick()).toEqual([])
  })

  test('but the whole report for a Castle of a lower epoch that asks for it, when it is next due', () => {
    const run = Run.linked()
    const flights = () => run.sent().map((effect) => effect.kind === 'send' && effect.flight.withReport)
    run.take({ kind: 'asked', report: false })
    run.tick()
    expect(flights()).toEqual([true, false])
    expect(run.answer({ castleEpoch: 4, needReport: true })).toEqual([])
    expect(run.loop).toMatchObject({ castleEpoch: 5, flight: { withReport: false } })
    run.pass(2_001).tick()
    run.pass(1_000).tick()
    run.take({ kind: 'linked' })
    run.tick()
    expect(flights()).toEqual([true, false, true])
  })

  test('nothing from a lower Castle epoch, whatever it says', () => {
    const run = Run.linked()
    run.pass(990).tick()
    const before = run.loop
    expect(run.answer({ castleEpoch: 4, subjects: [subject('topic/a', 7)], stop: 'stop' })).toEqual([])
    run.take({ kind: 'push', push: { type: 'push', castleEpoch: 4, subjects: [], withinMs: 0 } })
    expect(run.loop).toEqual(before)
  })

  test('a late answer still brings its subjects, but renews no lease and runs no directives', () => {
    const run = Run.linked()
    const { lease } = run.loop
    run.pass(990).tick()
    const directives = [{ id: 'd', kind: 'report', args: {}, expiresInMs: 60_000 }]
    expect(kindsOf(run.answer({ seq: 1, subjects: [subject('topic/a', 7)], directives }))).toEqual(['apply'])
    expect(run.loop.lease).toEqual(lease)
    expect(run.loop.flight?.seq).toBe(2)
  })

  test('a directive that expired on its way is not begun', () => {
    const run = Run.linked()
    run.pass(990).tick()
    run.pass(100)
    const directives = [50, 150].map((expiresInMs) => ({
      id: String(expiresInMs),
      kind: 'report',
      args: {},
      expiresInMs,
    }))
    expect(run.answer({ directives })).toContainEqual({ kind: 'run', directives: [directives[1]] })
  })

  test('deletions are held in bounded number: the oldest go', () => {
    const run = Run.linked()
    for (let round = 0; round < 11; round++) {
      run.pass(1_000).tick()
      const subjects = Array.from({ length: 1_000 }, (_, i) => subject(`topic/${round}-${i}`, 1 + i, { deleted: true }))
      run.answer({ subjects })
    }
    expect(run.loop.versions.size).toBe(10_000)
    expect(run.loop.versions.has('topic/0-999')).toBe(false)
    expect(run.loop.versions.has('topic/1-0')).toBe(true)
  })
})

describe('the lease', () => {
  test('counts from the sending of the heartbeat that was answered, on both clocks', () => {
    const run = Run.linked()
    run.pass(990).tick()
    const sentAt = { nowMs: run.nowMs, bootMs: run.bootMs }
    run.pass(300).answer()
    expect(run.loop.lease).toEqual({ nowMs: sentAt.nowMs + 4_000, bootMs: sentAt.bootMs + 4_000 })
  })
})

describe('outcomes of directives', () => {
  test('are repeated until an answer to a heartbeat that had them', () => {
    const run = Run.linked()
    const outcome = { id: 'd', outcome: 'done' as const, durationMs: 3 }
    run.take({ kind: 'outcome', outcome })
    expect(run.tick()).toMatchObject([{ kind: 'send', flight: { outcomes: 1 } }])
    run.take({ kind: 'outcome', outcome: { ...outcome, id: 'e' } })
    run.take({ kind: 'unlinked' })
    expect(run.loop.outcomes.map(({ id }) => id)).toEqual(['d', 'e'])
    run.pass(1_000).tick()
    run.take({ kind: 'linked' })
    expect(run.tick()).toMatchObject([{ kind: 'send', flight: { outcomes: 2 } }])
    run.answer()
    expect(run.loop.outcomes).toEqual([])
  })
})

describe('links', () => {
  test('no answer within two intervals: closed, and dialled again', () => {
    const run = Run.linked()
    run.pass(990).tick()
    expect(wakeAt(run.loop)).toBe(13_000)
    expect(run.pass(1_999).tick()).toEqual([])
    expect(kindsOf(run.pass(1).tick())).toEqual(['close'])
    expect(run.loop.phase).toBe('waiting')
    run.random = 1
    expect(run.pass(100).tick()).toEqual([{ kind: 'dial', url: 'ws://a/link' }])
  })

  test('failures: the next URL, after a back-off that doubles up to a part of the lease', () => {
    const run = new Run()
    run.random = 1
    const delays: number[] = []
    const urls: string[] = []
    for (let failure = 0; failure < 8; failure++) {
      for (const effect of run.tick()) if (effect.kind === 'dial') urls.push(effect.url)
      run.take({ kind: 'unlinked' })
      delays.push(wakeAt(run.loop) - run.nowMs)
      run.pass(delays.at(-1) ?? 0)
    }
    expect(urls.slice(0, 4)).toEqual(['ws://a/link', 'ws://b/link', 'ws://a/link', 'ws://b/link'])
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 1_600, 1_600, 1_600])
  })

  test('a Castle that is not the active one: asked elsewhere at once, then with back-off', () => {
    const run = new Run()
    run.random = 1
    run.tick()
    run.take({ kind: 'linked' })
    run.tick()
    expect(kindsOf(run.answer({ askUrl: 'ws://c/link' }))).toEqual(['close'])
    expect(run.tick()).toEqual([{ kind: 'dial', url: 'ws://c/link' }])
    run.take({ kind: 'linked' })
    run.tick()
    run.answer({ askUrl: 'ws://d/link' })
    expect(run.tick()).toEqual([])
    expect(run.pass(200).tick()).toEqual([{ kind: 'dial', url: 'ws://d/link' }])
    run.take({ kind: 'unlinked' })
    expect(run.pass(10_000).tick()).toMatchObject([{ kind: 'dial', url: expect.stringMatching(/ws:..[ab]/) }])
  })

  test('a new link may lead to an older Castle: it is told everything, not what changed', () => {
    const run = Run.linked()
    run.pass(990).tick()
    run.answer({ takesChanges: true })
    run.take({ kind: 'changed' })
    expect(run.pass(10).tick()).toMatchObject([{ flight: { withReport: true, since: 1 } }])
    run.take({ kind: 'unlinked' })
    run.pass(1_000).tick()
    run.take({ kind: 'linked' })
    expect(run.tick()).toMatchObject([{ flight: { withReport: true, since: -1 } }])
  })

  test('told to stop: closed, and nothing ever again', () => {
    const run = Run.linked()
    run.pass(990).tick()
    expect(run.answer({ stop: 'a newer process' })).toEqual([
      { kind: 'close', why: 'a newer process' },
      { kind: 'stop', reason: 'a newer process' },
    ])
    run.take({ kind: 'changed' })
    run.take({ kind: 'unlinked' })
    expect(run.pass(100_000).tick()).toEqual([])
    expect(wakeAt(run.loop)).toBe(Number.POSITIVE_INFINITY)
  })
})
