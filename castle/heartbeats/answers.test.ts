// Answers are put together as text: whatever they say, they are JSON.
import { expect, test } from 'vitest'
import { AnswerHeads, shortAnswer } from './answers.ts'

const head = new AnswerHeads({ broker: { intervalMs: 1, leaseMs: 2 }, client: { intervalMs: 3, leaseMs: 4 } })

test.for([{}, { needReport: true }, { stop: 'a newer process', more: 'x' }])('a short answer says %j', (more) => {
  const text = shortAnswer(head.of('broker', 5), 6, more)
  const always = { type: 'answer', castleEpoch: 5, intervalMs: 1, leaseMs: 2, takesChanges: true, seq: 6 }
  expect(JSON.parse(text)).toEqual({ ...always, ...more })
})
