// What a report says of logs, by what Castle has confirmed. That both ends come to the same is castle/heartbeats/convergence.test.ts's.
import { expect, test } from 'vitest'
import { type LogReport, LogsSaid } from './log-changes.ts'

const log = (partition: number, leaderEpoch = 0): LogReport => {
  return { topicId: '00000000-0000-4000-8000-000000000001', partition, leaderEpoch, fault: null }
}
const [a, b, c] = [log(0), log(1), log(2)]

test('says all until something is confirmed, then what is not as it was in that report', () => {
  const said = new LogsSaid()
  expect(said.say([a, b, c], 1, -1)).toEqual({ logs: [a, b, c] })
  const higher = log(1, 5)
  const gone = [{ topicId: c.topicId, partition: 2 }]
  expect(said.say([a, higher], 2, 1)).toEqual({ logsBase: 1, logs: [higher], logsGone: gone })
  // Its answer was lost: still since the first.
  expect(said.say([a, higher, c], 3, 1)).toEqual({ logsBase: 1, logs: [higher], logsGone: [] })
  expect(said.say([a, higher, c], 4, 3)).toEqual({ logsBase: 3, logs: [], logsGone: [] })
})

test('says all to a Castle that asks for all, or confirms what was not said last', () => {
  const said = new LogsSaid()
  said.say([a], 1, -1)
  expect(said.say([a, b], 2, -1)).toEqual({ logs: [a, b] })
  expect(said.say([a, b], 3, 1)).toEqual({ logs: [a, b] })
})

test('says the same again under the same number', () => {
  const said = new LogsSaid()
  said.say([a], 1, -1)
  expect(said.say([a, b], 2, 1)).toEqual({ logsBase: 1, logs: [b], logsGone: [] })
  expect(said.say([a, b, c], 2, 1)).toEqual({ logsBase: 1, logs: [b], logsGone: [] })
  expect(said.say([a, b, c], 2, -1)).toEqual({ logs: [a, b] })
})
