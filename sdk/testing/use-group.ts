// For tests: a fake group for each test, and consumers of it that are quick.
import { afterEach, beforeEach, expect } from 'vitest'
import { Consumer } from '../consumer/consumer.ts'
import { consumerOptions } from '../consumer/options.ts'
import type { HandlerContext } from '../consumer/types.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { Message } from '../kafka/message.ts'
import { FakeGroup } from './fake-group.ts'

export const quickRetry = { initialIntervalMs: 1, maxIntervalMs: 2 }

/** Waits for it. */
export const until = (what: () => unknown) => expect.poll(what)

export const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', resolve)
  })

/** Runs it; what it has handled, as partition:value. */
export function run(consumer: Consumer, handler: (value: string, context: HandlerContext) => unknown = () => {}) {
  const handled: string[] = []
  const ended = consumer.run(async (message, context) => {
    await handler(message.text!, context)
    handled.push(`${message.partition}:${message.text}`)
  })
  ended.catch(() => {}) // looked at by those tests that expect an end
  return { handled, ended }
}

/** What must not happen while this passes would have happened. */
export interface Bench {
  readonly group: FakeGroup
  readonly client: KafkaClient
  /** `of`: another client than the group's own. */
  consumer<M = Message>(options?: object, of?: KafkaClient): Consumer<M>
  heartbeats(count: number): Promise<void>
}

/** One for all tests of a file; each test begins with a new group. */
export function useGroup(): Bench {
  let group: FakeGroup
  let client: KafkaClient
  const consumers: { close(options: { timeoutMs: number }): Promise<void> }[] = []
  beforeEach(async () => {
    group = await FakeGroup.start()
    client = group.broker.client()
  })
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close({ timeoutMs: 0 })))
    await group.stop()
  })
  return {
    get group() {
      return group
    },
    get client() {
      return client
    },
    consumer<M>(options: object = {}, of = client) {
      const least = { group: 'g', topics: ['orders'], autoCommitIntervalMs: 10, fetchWaitMs: 20, retry: quickRetry }
      const consumer = new Consumer<M>(of, consumerOptions({ ...least, ...options }))
      consumers.push(consumer)
      return consumer
    },
    async heartbeats(count) {
      const before = group.heartbeats.length
      await until(() => group.heartbeats.length).toBeGreaterThan(before + count)
    },
  }
}
