import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { errorOf, errors } from './errors.ts'

it('has the codes of Kafka, by their names, and retries what Kafka retries', () => {
  const ours = Object.values(errors).map(
    ({ code, name, retriable }) => `${code} ${name}${retriable ? ' retriable' : ''}`,
  )
  expect(ours).toEqual(
    readFileSync(new URL('testdata/kafka-errors.txt', import.meta.url), 'utf8')
      .trim()
      .split('\n'),
  )
})

it('finds an error by its code, and takes one that it does not know as final', () => {
  for (const error of Object.values(errors)) expect(errorOf(error.code)).toBe(error)
  expect(errorOf(31_999)).toEqual({
    code: 31_999,
    name: 'UNKNOWN_ERROR_31999',
    retriable: false,
    message: expect.any(String),
  })
})

it('says something in every message', () => {
  for (const { message } of Object.values(errors)) expect(message).toMatch(/^[A-Za-z].{5,}\.$/)
})
