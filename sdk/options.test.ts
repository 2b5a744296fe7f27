import { describe, expect, test } from 'vitest'
import { closeTimeoutMs } from './close-options.ts'
import { consumerOptions } from './consumer/options.ts'
import { CastellanError } from './errors.ts'
import { producerOptions } from './producer/options.ts'
import { serdes } from './serde/serde.ts'
import { topic } from './serde/topic.ts'

const problemOf = (make: () => unknown) => {
  try {
    make()
    return null
  } catch (error) {
    return error instanceof CastellanError ? `${error.code}: ${error.message}` : error
  }
}

describe('producer', () => {
  test.each<[object, string | null]>([
    [{}, null],
    [{ lingerMs: 0.5, compression: 'lz4', ackLevel: 0, idempotent: false }, null],
    [{ lingerMs: undefined }, null],
    [
      { linger: 5 },
      "OPTION_UNKNOWN: producer: there is no option 'linger'. There are: lingerMs, batchBytes, bufferBytes",
    ],
    [{ lingerMs: -1 }, "OPTION_WRONG: producer: 'lingerMs' must be milliseconds from 0 to 60000, not -1"],
    [{ lingerMs: '5' }, "OPTION_WRONG: producer: 'lingerMs' must be milliseconds from 0 to 60000, not '5'"],
    [{ batchBytes: 1.5 }, "OPTION_WRONG: producer: 'batchBytes' must be an integer from 1 to"],
    [
      { compression: 'zip' },
      "OPTION_WRONG: producer: 'compression' must be one of 'none', 'gzip', 'snappy', 'lz4', 'zstd', not 'zip'",
    ],
    [{ ackLevel: 2 }, "OPTION_WRONG: producer: 'ackLevel' must be one of -1, 1, 0, not 2"],
    [{ idempotent: 1 }, "OPTION_WRONG: producer: 'idempotent' must be true or false, not 1"],
    [null as never, "OPTION_WRONG: producer: 'options' must be an object, not null"],
  ])('%j', (given, expected) => {
    const problem = problemOf(() => producerOptions(given))
    if (expected === null) expect(problem).toBeNull()
    else expect(problem).toContain(expected)
  })
})

describe('consumer', () => {
  const least = { group: 'g', topics: ['t'] }
  test.each<[object, string | null]>([
    [least, null],
    [{ ...least, retry: { maxAttempts: 1 }, start: 'latest', startOffsets: () => [] }, null],
    [{ topics: ['t'] }, "OPTION_WRONG: consumer: 'group' must be a text of 1 to 249 characters, not undefined"],
    [{ group: 'g' }, "OPTION_WRONG: consumer: 'topics' must be a list of texts"],
    [{ ...least, topics: 't' }, "OPTION_WRONG: consumer: 'topics' must be a list of texts"],
    [{ ...least, topics: [''] }, "OPTION_WRONG: consumer: 'topics'"],
    [{ ...least, group: 'g'.repeat(250) }, "OPTION_WRONG: consumer: 'group'"],
    [
      { ...least, start: 'newest' },
      "OPTION_WRONG: consumer: 'start' must be one of 'earliest', 'latest', 'none', not 'newest'",
    ],
    [{ ...least, startOffsets: [] }, "OPTION_WRONG: consumer: 'startOffsets' must be a function"],
    [{ ...least, concurrency: 0 }, "OPTION_WRONG: consumer: 'concurrency' must be an integer from 1 to 10000, not 0"],
    [{ ...least, concurrency: 8, windowMessagesMax: 8 }, null],
    [{ ...least, windowMessagesMax: 8 }, "'windowMessagesMax' says something only beside 'concurrency'"],
    [{ ...least, concurrency: 8, windowMessagesMax: 7 }, "'windowMessagesMax' must be at least 'concurrency'"],
    [{ ...least, topics: ['t', topic('u', { value: serdes.string })], retry: { retriable: () => false } }, null],
    [
      { ...least, topics: [topic('u', { value: serdes.string }), topic('u', { value: serdes.bytes })] },
      "OPTION_WRONG: consumer: 'topics' has two definitions of topic 'u'",
    ],
    [{ ...least, retry: { retriable: true } }, "OPTION_WRONG: consumer: retry: 'retriable' must be a function"],
    [{ ...least, retry: { attempts: 1 } }, "OPTION_UNKNOWN: consumer: retry: there is no option 'attempts'"],
    [
      { ...least, retry: { multiplier: 0 } },
      "OPTION_WRONG: consumer: retry: 'multiplier' must be a number from 1 to 1000, not 0",
    ],
    [
      { ...least, retry: { initialIntervalMs: 2, maxIntervalMs: 1 } },
      "'maxIntervalMs' must be at least 'initialIntervalMs'",
    ],
  ])('%j', (given, expected) => {
    const problem = problemOf(() => consumerOptions(given))
    if (expected === null) expect(problem).toBeNull()
    else expect(problem).toContain(expected)
  })

  test('what is left out has its default', () => {
    expect(consumerOptions({ ...least, retry: { maxAttempts: 9 } })).toMatchObject({
      start: 'earliest',
      autoCommit: true,
      retry: { maxAttempts: 9, initialIntervalMs: 200 },
    })
  })
})

test.each<[object, string]>([
  [{ timeout: 5 }, "OPTION_UNKNOWN: close: there is no option 'timeout'. There are: timeoutMs"],
  [{ timeoutMs: '5' }, "OPTION_WRONG: close: 'timeoutMs' must be"],
])('closing with %j', (given, expected) => {
  expect(problemOf(() => closeTimeoutMs(given))).toContain(expected)
})
