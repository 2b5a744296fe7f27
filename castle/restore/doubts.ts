// A topic is in doubt after the store went back in time (R14): its replicas, leader and leader epochs may be older than what brokers know.
// Until all of its replicas' brokers have reported, or a person has given up those that have not, nothing is elected, assigned or
// deleted for it, and no broker is told of it: what brokers still know must not be overwritten by what the store forgot.
import { CastleError } from '../errors.ts'
import type { Topic } from '../state/entities.ts'

export function isInDoubt({ doubt }: Pick<Topic, 'doubt'>): boolean {
  return doubt !== undefined
}

/** Throws TOPIC_IN_DOUBT. */
export function checkNoDoubt(topic: Pick<Topic, 'name' | 'doubt'>): void {
  if (!isInDoubt(topic)) return
  const message = `nothing is decided for '${topic.name}' until its brokers have reported: ${topic.doubt?.why}`
  throw new CastleError('TOPIC_IN_DOUBT', message, { params: { name: topic.name } })
}
