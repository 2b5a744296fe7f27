// A topic is in doubt after the store went back in time (R14): its replicas, leader and leader epochs may be older than what brokers know.
// Until all of its replicas' brokers have reported, or a person has given up those that have not, nothing is elected, assigned or
// deleted for it, and no broker is told of it: what brokers still know must not be overwritten by what the store forgot.
import type { Topic } from '../state/entities.ts'

export function isInDoubt({ doubt }: Pick<Topic, 'doubt'>): boolean {
  return doubt !== undefined
}
