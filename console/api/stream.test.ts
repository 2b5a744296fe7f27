// The live stream on a fake browser: which subjects it asks for, what it passes on, and how it comes back.
import { expect, test } from 'vitest'
import { LiveStream } from './stream.ts'

interface Opened {
  readonly url: string
  isClosed: boolean
  text(kind: 'change' | 'beat', data: string): void
  end(): void
}

function browser() {
  const opened: Opened[] = []
  const timers: { ms: number; run: () => void }[] = []
  let beats = 0
  let losses = 0
  const stream = new LiveStream({
    open: (url, on) => {
      const source = { url: decodeURIComponent(url), isClosed: false, ...on }
      opened.push(source)
      const close = () => {
        source.isClosed = true
      }
      return { close }
    },
    after: (ms, run) => {
      const timer = { ms, run }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
    beat: () => {
      beats += 1
    },
    lost: () => {
      losses += 1
    },
  })
  /** Lets the next timer fire; returns how long it would have waited. */
  const pass = () => {
    const timer = timers.shift()
    timer?.run()
    return timer?.ms
  }
  const change = (subject: string, version: number) =>
    opened.at(-1)?.text('change', JSON.stringify({ subject, version }))
  return { stream, opened, pass, change, beats: () => beats, losses: () => losses }
}

test('all that is visible shares one source, opened once the dust has settled', () => {
  const { stream, opened, pass } = browser()
  const stop = stream.listen(['topics', 'brokers'], () => {})
  stream.listen(['topics'], () => {})
  expect(opened).toHaveLength(0)
  pass()
  expect(opened.map(({ url }) => url)).toEqual(['/api/stream?subjects=brokers,topics'])
  stop()
  pass()
  expect(opened.map(({ url, isClosed }) => [url, isClosed])).toEqual([
    ['/api/stream?subjects=brokers,topics', true],
    ['/api/stream?subjects=topics', false],
  ])
})

test('nothing is asked for when nobody listens, and the same subjects open nothing anew', () => {
  const { stream, opened, pass } = browser()
  const stop = stream.listen(['topics'], () => {})
  pass()
  stop()
  stream.listen(['topics'], () => {})
  pass()
  expect(opened).toHaveLength(1)
  const last = browser()
  last.stream.listen(['topics'], () => {})()
  last.pass()
  expect(last.opened).toHaveLength(0)
})

test('a version is news once, whoever repeats it, and after a reconnect too', () => {
  const { stream, opened, pass, change, beats } = browser()
  let news = 0
  stream.listen(['topics'], () => {
    news += 1
  })
  pass()
  change('topics', 7)
  change('topics', 7)
  change('brokers', 9)
  expect(news).toBe(1)
  opened[0]?.end()
  pass()
  change('topics', 7)
  expect(news).toBe(1)
  change('topics', 8)
  expect(news).toBe(2)
  expect(beats()).toBe(5)
})

test('a lost source is opened again, later each time up to five seconds, and soon again once it spoke or Castle was heard', () => {
  const { stream, opened, pass, losses } = browser()
  stream.listen(['topics'], () => {})
  pass()
  const waits = Array.from({ length: 6 }, () => {
    opened.at(-1)?.end()
    return pass()
  })
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000])
  expect(losses()).toBe(6)
  opened.at(-1)?.text('beat', '{}')
  opened.at(-1)?.end()
  expect(pass()).toBe(250)
  opened.at(-1)?.end()
  stream.hurry()
  expect(pass()).toBe(0)
  stream.hurry()
  expect(pass()).toBeUndefined()
})

test('a name with a comma is one subject', () => {
  const { stream, opened, pass, change } = browser()
  let news = 0
  stream.listen(['group/default/a,b%'], () => {
    news += 1
  })
  pass()
  expect(opened[0]?.url).toBe('/api/stream?subjects=group/default/a%2Cb%25')
  change('group/default/a%2Cb%25', 1)
  expect(news).toBe(1)
})
