// The SDK as a test's services get it: the real one, and around it a thin layer that notes what a test platform must know.
//
//   a call that gives a promise (send, commit, close, ready)   time passes until it is settled
//   a handler, or the body of a `for await`                     its beginning and end go into the history
//
// What calls return and throw, their types and their order stay the SDK's. `run` and `runBatches` last as long as their consumer, and the
// next message may never come: those keep no time going.
import type { BatchHandler, Castellan, Consumer, ConsumerInput, Handler } from '@castellan/sdk'
import type { History, Invocation, MessagePlace } from './history.ts'
import type { Time } from './time.ts'

/** What is noted of one service. */
export interface Watch {
  readonly service: string
  readonly time: Time
  readonly history: History
  readonly consumers: { readonly group: string; readonly topics: readonly string[]; readonly consumer: Consumer }[]
  /** Calls of the SDK that are not settled. */
  calls: number
  /** Consumers that run. */
  runs: number
}

/** A batch, or a message. */
type Given = MessagePlace | { readonly messages: readonly MessagePlace[] }
// biome-ignore lint/complexity/noBannedTypes: any method of the SDK, whatever it takes
type Method = Function
/** What stands in the place of a method. */
type Replace = (method: (...given: unknown[]) => unknown) => (...given: never[]) => unknown

export function watchClient(castellan: Castellan, watch: Watch): Castellan {
  return layer(castellan, watch, {
    producer: (make) => (options: never) => layer(make(options) as object, watch, {}),
    consumer: (make) => (options: ConsumerInput) => watchConsumer(make(options) as Consumer, options, watch),
  })
}

function watchConsumer(consumer: Consumer, { group, topics }: ConsumerInput, watch: Watch): Consumer {
  watch.consumers.push({ group, topics: topics.map(nameOf), consumer })
  const noted =
    <T extends Given>(handler: unknown) =>
    async (given: T, ...rest: unknown[]): Promise<unknown> => {
      const invocation = begin(watch, group, given)
      try {
        const result = await (handler as (given: T, ...rest: unknown[]) => unknown)(given, ...rest)
        watch.history.done(invocation)
        return result
      } catch (error) {
        watch.history.failed(invocation, error)
        throw error
      }
    }
  const isHandler = (handler: unknown) => typeof handler === 'function'
  const run: Replace =
    (method) =>
    (handler: Handler | BatchHandler, ...rest) => {
      const running = method(isHandler(handler) ? noted(handler) : handler, ...rest) as Promise<void>
      count(watch, 'runs', running)
      return running
    }
  return layer(consumer, watch, {
    run,
    runBatches: run,
    [Symbol.asyncIterator]: (iterate) => () =>
      watchIterator(iterate() as AsyncIterator<MessagePlace>, (message) => begin(watch, group, message), watch),
  })
}

/** The body of a `for await` is a handler, which is done when the next message is asked for. */
function watchIterator(
  iterator: AsyncIterator<MessagePlace>,
  begin: (message: MessagePlace) => Invocation,
  watch: Watch,
): AsyncIterableIterator<MessagePlace> {
  let current: Invocation | null = null
  const done = () => {
    if (current !== null) watch.history.done(current)
    current = null
  }
  const watched: AsyncIterableIterator<MessagePlace> = {
    next: async () => {
      done()
      const result = await iterator.next()
      if (result.done !== true) current = begin(result.value)
      return result
    },
    return: (value) => {
      done()
      return track(watch, iterator.return?.(value) ?? Promise.resolve({ done: true, value }))
    },
    [Symbol.asyncIterator]: () => watched,
  }
  return watched
}

function begin({ history, service }: Watch, group: string, given: Given): Invocation {
  return history.begin(service, group, 'messages' in given ? given.messages : [given])
}

function nameOf(topic: string | { readonly name: string }): string {
  return typeof topic === 'string' ? topic : topic.name
}

// ------------------------------------------------------------ the layer itself

/** `target` itself does everything (its private fields are its own); methods in `replaced` stand before its own. */
function layer<T extends object>(target: T, watch: Watch, replaced: Record<PropertyKey, Replace>): T {
  const methods = new Map<Method, Method>()
  return new Proxy(target, {
    get(_, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (value instanceof Promise) return track(watch, value)
      if (typeof value !== 'function' || property === 'constructor') return value
      let method = methods.get(value)
      if (method === undefined) {
        const own = (...given: unknown[]) => value.apply(target, given)
        const replace = Object.hasOwn(replaced, property) ? replaced[property] : undefined
        method = replace?.(own) ?? ((...given: unknown[]) => track(watch, own(...given)))
        methods.set(value, method)
      }
      return method
    },
  })
}

function track<T>(watch: Watch, result: T): T {
  if (!(result instanceof Promise)) return result
  count(watch, 'calls', result)
  watch.time.during(result, watch)
  return result
}

function count(watch: Watch, what: 'calls' | 'runs', pending: Promise<unknown>): void {
  watch[what] += 1
  const over = () => {
    watch[what] -= 1
  }
  pending.then(over, over)
}
