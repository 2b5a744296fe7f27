// What a broker knows of a topic takes the place of what the store has (R14): the newest version counts. A deletion counts at once, for it
// was recorded by a Castle that knew what it did, and nothing that comes after it can take it back.
import { leaderEpochReportedMax, type Subject, type TopicState } from '@castellan/protocol/heartbeat'
import type { Draft } from '../state/draft.ts'
import type { RefusedTopic, Topic } from '../state/entities.ts'
import { holdersOf } from '../topics/change.ts'
import { isInDoubt } from './doubts.ts'
import { isOffer } from './known.ts'

export interface Offered {
  readonly subject: Subject
  readonly state: TopicState
}

/** `name-taken`: the store has another topic of this name by now; the older one's logs stay as strays (R13). */
export type Adoption = 'adopted' | 'not-newer' | 'name-taken' | 'not-believed'

export function adopt(
  draft: Draft,
  brokerId: number,
  cluster: string,
  { subject, state }: Offered,
  why: string,
): Adoption {
  const { topicId } = state
  if (subject.key !== `topic/${topicId}` || !isPlausible(state)) return 'not-believed'
  const known = draft.get('topic', topicId)
  if (!isOffer(draft, cluster, topicId, subject.version) || (known !== undefined && !isInDoubt(known)))
    return 'not-newer'
  const version = draft.nextVersion()
  // Of an epoch that this Castle has not left behind yet: it is taken once that is done.
  if (version <= subject.version) return 'not-newer'
  if (state.deleted)
    return adoptDeletion(draft, brokerId, known ?? { ...strange(draft, topicId, cluster), ...state }, version)
  const namesake = draft.topicNamed(cluster, state.name)
  if (namesake !== undefined && namesake.topicId !== topicId) return 'name-taken'
  const { name, internal, ackLevel, configs, partitions } = state
  const { unclean: _, ...before } = known?.doubt ?? { sinceMs: draft.wallMs, why }
  const doubt = { ...before, asOf: subject.version }
  // Of what the store had others may have been unclean: this was decided later.
  const unclean = uncleanSince(draft, state, subject.version)
  draft.put('topic', {
    ...(known ?? strange(draft, topicId, cluster)),
    ...{ name, internal, ackLevel, configs, partitions, version },
    doubt: unclean.length === 0 ? doubt : { ...doubt, unclean },
    raised: { version, asOf: subject.version },
  })
  const what = `took topic ${name} over from broker ${brokerId}, which knows version ${subject.version} of it`
  const then = known === undefined ? 'the store does not know it' : 'the store has an older one'
  draft.decide({
    kind: 'topic-restored',
    what,
    why: `${then}; ${why}`,
    about: [`topic/${topicId}`, `broker/${brokerId}`],
  })
  return 'adopted'
}

/** Brokers of its replicas whose logs may lack what they had when this was decided (R8): it names them as if they had it still. */
function uncleanSince(draft: Draft, { partitions }: TopicState, version: number): number[] {
  const replicas = new Set(partitions.flatMap((partition) => partition.replicas))
  return [...replicas].filter((id) => (draft.get('broker', String(id))?.uncleanEpoch ?? -1) > version)
}

/** A topic without anything that only people care for: brokers are not told that. */
function strange(draft: Draft, topicId: string, cluster: string) {
  return {
    topicId,
    cluster,
    description: '',
    owner: '',
    labels: {},
    deleted: false,
    holders: [],
    createdMs: draft.wallMs,
  }
}

/** One that the store does not know either way is recorded too: some broker may have missed it. */
function adoptDeletion(draft: Draft, brokerId: number, known: Omit<Topic, 'version'>, version: number): Adoption {
  const { doubt: _doubt, raised: _raised, ...rest } = known
  const holders = holdersOf(known)
  draft.put('topic', { ...rest, deleted: true, partitions: [], holders, version })
  draft.decide({
    kind: 'topic-deleted',
    what: `topic ${known.name} of cluster ${known.cluster} is deleted, as it was before the store went back`,
    why: `broker ${brokerId} has the record of its deletion`,
    about: [`topic/${known.topicId}`, `broker/${brokerId}`],
  })
  return 'adopted'
}

/** What a Castle could have decided; a broker that is damaged, or lies, must not use up leader epochs or make names that nobody can ask for. */
function isPlausible({ name, deleted, partitions }: TopicState): boolean {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name)) return false
  if (deleted) return partitions.length === 0
  return (
    partitions.length > 0 &&
    partitions.every(({ leader, leaderEpoch, replicas, isr, elr = [] }) => {
      const isReplica = (id: number) => replicas.includes(id)
      const hasOnce = new Set(replicas).size === replicas.length && replicas.length > 0
      const isLed = leader === -1 || isReplica(leader)
      return hasOnce && isLed && leaderEpoch <= leaderEpochReportedMax && [...isr, ...elr].every(isReplica)
    })
  )
}

/** Refused topics that a cluster remembers; one that had to go is news again when a broker tells of it, and is refused again. */
const refusedMax = 1_000

/** It is not taken over, and no news any more: each start of Castle would put all topics in doubt because of it. Its logs stay, as strays (R13). */
export function refuseTopic(
  draft: Draft,
  cluster: string,
  broker: string,
  { subject: { version }, state: { topicId, name } }: Offered,
  why: RefusedTopic['why'],
): void {
  const known = draft.get('cluster', cluster)
  if (known === undefined) return
  const { [topicId]: _again, ...others } = known.refused ?? {}
  const kept = Object.entries(others).slice(1 - refusedMax)
  draft.put('cluster', { ...known, refused: Object.fromEntries([...kept, [topicId, { name, version, why }]]) })
  draft.decide({
    kind: 'topic-refused',
    what: `did not take topic ${name} (${topicId}) over from broker ${broker}: its logs stay, as strays`,
    why: why === 'name-taken' ? 'another topic has the name by now' : 'what the broker says of it cannot be',
    about: [`broker/${broker}`, `cluster/${cluster}`],
  })
}
