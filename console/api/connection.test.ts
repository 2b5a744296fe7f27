import { expect, test } from 'vitest'
import { Connection } from './connection.ts'

function tab() {
  let nowMs = 1_000
  const connection = new Connection(() => nowMs)
  const seen: string[] = []
  connection.subscribe(() => seen.push(connection.state.kind))
  const wait = (ms: number) => {
    nowMs += ms
    connection.review()
  }
  return { connection, seen, wait }
}

test('beats make it live, five seconds of silence make it poll, a beat makes it live again', () => {
  const { connection, wait } = tab()
  expect(connection.state).toEqual({ kind: 'connecting' })
  connection.beat()
  expect(connection.state).toEqual({ kind: 'live', heardMs: 1_000 })
  wait(4_999)
  expect(connection.state.kind).toBe('live')
  wait(1)
  expect(connection.state).toEqual({ kind: 'polling', heardMs: 1_000 })
  connection.heard()
  expect(connection.state).toEqual({ kind: 'polling', heardMs: 6_000 })
  connection.beat()
  expect(connection.state.kind).toBe('live')
})

test('a call that nobody answers: away since the first of them, until any word', () => {
  const { connection, wait } = tab()
  connection.beat()
  wait(500)
  connection.missed()
  wait(2_000)
  connection.missed()
  expect(connection.state).toEqual({ kind: 'away', sinceMs: 1_500 })
  connection.heard()
  expect(connection.state.kind).toBe('live')
  wait(6_000)
  connection.missed()
  connection.heard()
  expect(connection.state.kind).toBe('polling')
})

test('listeners hear only of what changed', () => {
  const { connection, seen, wait } = tab()
  connection.heard()
  connection.review()
  wait(10_000)
  expect(seen).toEqual(['polling'])
})

test('the stream may speak a moment after the first answer: only then would it be silent', () => {
  const { connection, seen, wait } = tab()
  connection.heard()
  wait(4_000)
  connection.heard()
  expect(connection.state.kind).toBe('connecting')
  wait(1_000)
  expect(connection.state.kind).toBe('polling')
  connection.beat()
  expect(seen).toEqual(['polling', 'live'])
})
