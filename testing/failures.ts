// The next call of a service fails: planned by the test, done in the broker, before or after the handler that would answer it.
import type { Answer, Handler, RequestContext } from '@castellan/broker/broker'
import {
  consumerGroupHeartbeat,
  errors,
  type FetchRequest,
  fetch,
  type OffsetCommitRequest,
  offsetCommit,
  type ProduceRequest,
  produce,
} from '@castellan/protocol'
import { TestingError } from './errors.ts'

/** The calls that can be made to fail, by what a service is doing. */
export type FailingCall = 'produce' | 'fetch' | 'commit' | 'heartbeat'

/**
 * A name of Kafka's errors: the broker refuses, and does nothing. 'connection-lost': the connection breaks before the broker has read
 * the call. 'answer-lost': the broker does what was asked, and the connection breaks before its answer.
 */
export type HowItFails = keyof typeof errors | 'connection-lost' | 'answer-lost'

export interface FailOptions {
  /** Of this service alone. Default: of any. */
  readonly service?: string
  /** So many calls in a row. Default 1. */
  readonly times?: number
}

/** A failure that was planned. */
export interface PlannedFailure {
  /** How many calls have failed by it. */
  readonly happened: number
}

interface Plan {
  readonly apiKey: number
  readonly how: HowItFails
  readonly service: string | null
  left: number
  happened: number
}

/** How each API says no to everything in a request. */
const refusals: Record<FailingCall, { apiKey: number; refuse: (request: never, errorCode: number) => Answer }> = {
  produce: {
    apiKey: produce.key,
    refuse: ({ topicData }: ProduceRequest, errorCode) => ({
      responses: topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
      })),
    }),
  },
  fetch: {
    apiKey: fetch.key,
    refuse: ({ topics }: FetchRequest, errorCode) => ({
      responses: topics.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map(({ partition }) => ({
          partitionIndex: partition,
          errorCode,
          highWatermark: -1,
          records: null,
        })),
      })),
    }),
  },
  commit: {
    apiKey: offsetCommit.key,
    refuse: ({ topics }: OffsetCommitRequest, errorCode) => ({
      topics: topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }),
  },
  heartbeat: {
    apiKey: consumerGroupHeartbeat.key,
    refuse: (_request, errorCode) => ({ errorCode, heartbeatIntervalMs: 0 }),
  },
}

export class Failures {
  readonly #plans: Plan[] = []
  /** The platform's own client, which nothing befalls. */
  readonly #spared: string

  constructor(spared: string) {
    this.#spared = spared
  }

  add(call: FailingCall, how: HowItFails, { service, times = 1 }: FailOptions = {}): PlannedFailure {
    if (!Object.hasOwn(refusals, call)) throw wrong('call', call, Object.keys(refusals).join(', '))
    const isKnown = how === 'connection-lost' || how === 'answer-lost' || (Object.hasOwn(errors, how) && how !== 'NONE')
    if (!isKnown) throw wrong('way to fail', how, "a name of Kafka's errors, 'connection-lost' or 'answer-lost'")
    if (!Number.isInteger(times) || times < 1) throw wrong('times', times, 'a whole number from 1')
    const plan: Plan = { apiKey: refusals[call].apiKey, how, service: service ?? null, left: times, happened: 0 }
    this.#plans.push(plan)
    return {
      get happened() {
        return plan.happened
      },
    }
  }

  clear(): void {
    this.#plans.length = 0
  }

  /** Stands before a handler of a broker. */
  readonly intercept = (handler: Handler): Handler => {
    const refusal = Object.values(refusals).find(({ apiKey }) => apiKey === handler.api.key)
    if (refusal === undefined) return handler
    return {
      api: handler.api,
      handle: (request, context) => {
        const plan = this.#take(handler.api.key, context.clientId)
        if (plan === undefined) return handler.handle(request, context)
        if (plan.how === 'connection-lost') return breakOff(context)
        if (plan.how === 'answer-lost')
          return Promise.resolve(handler.handle(request, context)).then(() => breakOff(context))
        if (isUnanswered(request)) return breakOff(context)
        return refusal.refuse(request as never, errors[plan.how].code)
      },
    }
  }

  #take(apiKey: number, clientId: string | null): Plan | undefined {
    if (clientId === this.#spared) return undefined
    const plan = this.#plans.find((one) => one.apiKey === apiKey && (one.service === null || one.service === clientId))
    if (plan === undefined) return undefined
    plan.happened += 1
    plan.left -= 1
    if (plan.left === 0) this.#plans.splice(this.#plans.indexOf(plan), 1)
    return plan
  }
}

/** The caller never hears of this request. */
function breakOff(context: RequestContext): null {
  context.closeConnection('a test asked for it')
  return null
}

/** Produce at Ack 0: who expects no answer learns of trouble by a broken connection. */
function isUnanswered(request: unknown): boolean {
  return (request as { acks?: number }).acks === 0
}

function wrong(what: string, given: unknown, allowed: string): TestingError {
  return new TestingError('OPTION_WRONG', `failNext: '${String(given)}' is no ${what}: it must be ${allowed}`)
}
