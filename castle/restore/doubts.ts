// A topic is in doubt after the store went back in time (R14): its replicas, leader and leader epochs may be older than what brokers know.
// Until all of its replicas' brokers have reported, or a person has given up those that have not, nothing is elected, assigned or
// deleted for it, and no broker is told of it: what brokers still know must not be overwritten by what the store forgot.
import { CastleError } from '../errors.ts'
import type { Draft } from '../state/draft.ts'
import type { Topic } from '../state/entities.ts'
import { topicsOf, type View } from '../state/state.ts'

export function isInDoubt({ doubt }: Pick<Topic, 'doubt'>): boolean {
  return doubt !== undefined
}

/** Throws TOPIC_IN_DOUBT. */
export function checkNoDoubt(topic: Pick<Topic, 'name' | 'doubt'>): void {
  if (!isInDoubt(topic)) return
  const message = `nothing is decided for '${topic.name}' until its brokers have reported: ${topic.doubt?.why}`
  throw new CastleError('TOPIC_IN_DOUBT', message, { params: { name: topic.name } })
}

/** Any of these topics, which a group needs, is in doubt: its offsets', and those that its members subscribe to. */
export function isAnyInDoubt(view: View, cluster: string, names: Iterable<string>): boolean {
  for (const name of names) {
    const topic = view.topicNamed(cluster, name)
    if (topic !== undefined && isInDoubt(topic)) return true
  }
  return false
}

/** The store went back: every topic that it concerns is in doubt. One that is so already stays as it is. */
export function doubtTopics(draft: Draft, why: string, concerns: (topic: Topic) => boolean = () => true): void {
  for (const topic of [...draft.all('topic')]) {
    if (!topic.deleted && !isInDoubt(topic) && concerns(topic))
      draft.put('topic', { ...topic, doubt: { sinceMs: draft.wallMs, why } })
  }
}

/**
 * A broker's logs may lack what they had before `since`; `unclean`: and what the store knows of it, too. What follows from that is decided when
 * the doubt is over (R8).
 */
export function noteUnclean(draft: Draft, cluster: string, brokerId: number, since: number, unclean: boolean): void {
  for (const topic of [...topicsOf(draft, cluster)]) {
    const { doubt } = topic
    if (doubt === undefined || doubt.unclean?.includes(brokerId)) continue
    if (doubt.asOf === undefined ? !unclean : doubt.asOf > since) continue
    draft.put('topic', { ...topic, doubt: { ...doubt, unclean: [...(doubt.unclean ?? []), brokerId] } })
  }
}

/** Who has still to report: brokers of its replicas, but for those that were given up. */
export function awaitedBy(topic: Topic, isHeard: (brokerId: number) => boolean): number[] {
  if (topic.doubt === undefined) return []
  return unheardOf(topic, isHeard).filter((id) => !topic.doubt?.givenUp?.includes(id))
}

export function unheardOf({ partitions }: Topic, isHeard: (brokerId: number) => boolean): number[] {
  const replicas = new Set(partitions.flatMap(({ replicas: ids }) => ids))
  return [...replicas].filter((id) => !isHeard(id))
}

export interface GivingUp {
  readonly isAwaited: (topic: Topic) => boolean
  /** Topics that the store does not know, and the broker alone could tell of. */
  readonly strangers: number
  readonly why: string
}

/** A person says that a broker will not come back, or knows nothing that counts. Returns how many topics waited for it. Throws BROKER_NOT_AWAITED. */
export function giveUp(
  draft: Draft,
  cluster: string,
  brokerId: number,
  { isAwaited, strangers, why }: GivingUp,
): number {
  let topics = strangers
  for (const topic of [...topicsOf(draft, cluster)]) {
    const { doubt } = topic
    if (doubt === undefined || !isAwaited(topic)) continue
    draft.put('topic', { ...topic, doubt: { ...doubt, givenUp: [...(doubt.givenUp ?? []), brokerId] } })
    topics += 1
  }
  if (topics === 0) {
    const message = `no topic of cluster '${cluster}' waits for broker ${brokerId}`
    throw new CastleError('BROKER_NOT_AWAITED', message, { params: { broker: brokerId, cluster } })
  }
  draft.decide({
    kind: 'broker-given-up',
    what: `gave up broker ${brokerId}, for which ${topics} topic${topics === 1 ? '' : 's'} of cluster ${cluster} waited; what it alone knew is lost`,
    why,
    about: [`broker/${brokerId}`, `cluster/${cluster}`],
  })
  return topics
}
