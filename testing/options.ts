// What a test platform can be told when it starts, checked.
import type { AckLevel } from '@castellan/sdk'
import { TestingError } from './errors.ts'

export interface TopicOptions {
  /** Default 1. */
  readonly partitions?: number
  /** Default -1. */
  readonly ackLevel?: AckLevel
  /** Topic settings by Kafka's names. */
  readonly configs?: Readonly<Record<string, string>>
}

export interface TestPlatformOptions {
  /** By name. */
  readonly topics?: Readonly<Record<string, TopicOptions>>
  /** broker-1, broker-2, ... Default 1. */
  readonly brokers?: number
  /** Decides what is left to chance: delays, back-off, where keyless messages go. Default 1. */
  readonly seed?: number
  /** What the platform's clock shows at first. Default: now, as `new Date()` says it. */
  readonly startAt?: Date
  /**
   * Real ms for which simulated time does not run ahead of a handler that works on something outside the platform, such as a real server.
   * After that it counts as hanging. Default 2,000.
   */
  readonly patienceMs?: number
}

const brokersMax = 100

export function checkOptions(given: TestPlatformOptions): Required<TestPlatformOptions> {
  const { topics = {}, brokers = 1, seed = 1, startAt = new Date(), patienceMs = 2_000, ...unknown } = given
  const [name] = Object.keys(unknown)
  if (name !== undefined) {
    throw new TestingError('OPTION_WRONG', `there is no option '${name}': topics, brokers, seed, startAt, patienceMs`)
  }
  check('topics', topics, typeof topics === 'object' && topics !== null && !Array.isArray(topics), 'an object by name')
  check('brokers', brokers, isWhole(brokers, 1, brokersMax), `a whole number from 1 to ${brokersMax}`)
  check('seed', seed, isWhole(seed, 0, Number.MAX_SAFE_INTEGER), 'a whole number from 0')
  check('startAt', startAt, startAt instanceof Date && Number.isFinite(startAt.getTime()), 'a valid Date')
  check('patienceMs', patienceMs, typeof patienceMs === 'number' && patienceMs >= 0, 'milliseconds from 0')
  return { topics, brokers, seed, startAt, patienceMs }
}

/** A span of simulated time. Throws OPTION_WRONG. */
export function checkSpan(name: string, spanMs: number): number {
  check(name, spanMs, typeof spanMs === 'number' && Number.isFinite(spanMs) && spanMs >= 0, 'milliseconds from 0')
  return spanMs
}

function check(name: string, given: unknown, isFine: boolean, allowed: string): void {
  if (!isFine) throw new TestingError('OPTION_WRONG', `'${name}' must be ${allowed}, not ${String(given)}`)
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
}
