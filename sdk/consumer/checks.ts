// What is wrong with the arguments of a running consumer's calls can be said at once. From JavaScript anything may come, and what is no
// offset or text must not get as far as a request.
import { CastellanError } from '../errors.ts'
import { eventNames } from './events.ts'
import type { CommitOffset, MessagePosition, PartitionName } from './types.ts'

/** More do not fit into the request; brokers take less. */
const metadataBytesMax = 32_767
const offsetText = 'a whole number from 0; of a list, of the next message to handle'

export function isMessage(what: MessagePosition | readonly CommitOffset[]): what is MessagePosition {
  return !Array.isArray(what)
}

/** Throws OPTION_WRONG. */
export function checkCommit(what: unknown): void {
  if (Array.isArray(what)) return what.forEach(checkOne)
  if (typeof what === 'object' && what !== null && 'offset' in what) return checkOne(what)
  throw wrong('commit', 'takes a message, a list of { topic, partition, offset }, or nothing', what)
}

/** Throws OPTION_WRONG. */
export function checkFunction(what: string, given: unknown): void {
  if (typeof given === 'function') return
  throw new CastellanError('OPTION_WRONG', `consumer: ${what} must be a function, not ${String(given)}`)
}

/** Throws OPTION_WRONG. */
export function checkEventName(name: string): void {
  if ((eventNames as readonly string[]).includes(name)) return
  const text = `consumer: there is no event '${name}'. There are: ${eventNames.join(', ')}`
  throw new CastellanError('OPTION_WRONG', text)
}

/** Throws OPTION_WRONG. */
export function checkNames(call: 'pause' | 'resume', names: unknown): asserts names is readonly PartitionName[] {
  const isRight = Array.isArray(names) && names.every((name) => typeof name === 'object' && name !== null)
  if (!isRight) throw wrong(call, 'takes a list of { topic, partition }, or nothing', names)
}

function checkOne(one: unknown): void {
  if (typeof one !== 'object' || one === null) throw wrong('commit', 'takes { topic, partition, offset }', one)
  const { offset, metadata = '' } = one as { offset?: unknown; metadata?: unknown }
  if (!Number.isSafeInteger(offset) || (offset as number) < 0)
    throw wrong('commit', `takes as offset ${offsetText}`, offset)
  if (typeof metadata !== 'string' || Buffer.byteLength(metadata) > metadataBytesMax) {
    throw wrong('commit', `takes as metadata a text of ${metadataBytesMax} bytes at most`, metadata)
  }
}

function wrong(call: string, right: string, given: unknown): CastellanError {
  const shown =
    typeof given === 'string' ? `'${given.slice(0, 40)}'` : typeof given === 'object' ? 'this' : String(given)
  return new CastellanError('OPTION_WRONG', `${call} ${right}, not ${shown}`)
}
