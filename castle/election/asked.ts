// Elections that people ask for (KIP-460): preferred leaders at once, or unclean ones, which Castle never makes by itself unless the topic
// allows it. One decision on a draft; one version for a topic however many of its partitions changed.
import { errors } from '@castellan/protocol'
import type { ElectLeadersArgs, PartitionOutcomes, PartitionState } from '@castellan/protocol/heartbeat'
import type { BrokerReports } from '../brokers/reports.ts'
import { isInDoubt } from '../restore/doubts.ts'
import type { Draft } from '../state/draft.ts'
import type { Loss, Topic } from '../state/entities.ts'
import { topicsOf, type View } from '../state/state.ts'
import { elect, preferred } from './election.ts'
import { Electorates } from './electorates.ts'
import { nextLoss, withLosses } from './losses.ts'
import { Standings } from './standing.ts'
import { electUnclean } from './unclean.ts'

type Kind = ElectLeadersArgs['type']

/** What became of one partition: elected, or why not, as Kafka's error. */
type Outcome =
  | { readonly state: PartitionState; readonly loss?: Loss }
  | { readonly error: keyof typeof errors; readonly message: string }

/** `salvages`: whoever asks has been shown what is lost, also by going on with a damaged log (R9). */
export function electAsked(
  draft: Draft,
  reports: BrokerReports,
  cluster: string,
  args: ElectLeadersArgs,
  { why = 'asked for', salvages = false }: { readonly why?: string; readonly salvages?: boolean } = {},
): PartitionOutcomes {
  const standings = new Standings(draft, reports)
  const elections = new Map<string, Asked>()
  const partitions: PartitionOutcomes['partitions'] = []
  const electOne = (topic: Topic, partition: number, mentionsNeedless: boolean) => {
    let asked = elections.get(topic.topicId)
    if (asked === undefined) {
      asked = new Asked(topic, reports, standings, args.type, salvages)
      elections.set(topic.topicId, asked)
    }
    const outcome = asked.elect(partition, draft.wallMs)
    if ('state' in outcome) partitions.push({ topic: topic.name, partition, errorCode: 0 })
    else if (mentionsNeedless || outcome.error !== 'ELECTION_NOT_NEEDED') {
      partitions.push({ topic: topic.name, partition, errorCode: errors[outcome.error].code, message: outcome.message })
    }
  }
  if (args.partitions === null) {
    for (const topic of [...topicsOf(draft, cluster)]) {
      if (!topic.deleted) for (const index of topic.partitions.keys()) electOne(topic, index, false)
    }
  }
  for (const { topic: name, partition } of args.partitions ?? []) {
    const topic = draft.topicNamed(cluster, name)
    if (topic !== undefined) electOne(topic, partition, true)
    else partitions.push({ topic: name, partition, errorCode: errors.UNKNOWN_TOPIC_OR_PARTITION.code })
  }
  record(
    draft,
    args.type,
    [...elections.values()].filter(({ elected }) => elected > 0),
    why,
  )
  return { partitions }
}

/** What an election would do for one partition. */
export interface DrawnElection {
  readonly partition: number
  /** -1: nobody. */
  readonly from: number
  /** -1: it cannot be done; `refusal` says why. */
  readonly to: number
  /** Its log is damaged: from this offset on it is cut off first, and it leads then (R9). Null: it is not. */
  readonly cutAt: number | null
  /** Messages that were acknowledged may be lost by it: at most so many, null: nobody knows. 0: none. */
  readonly messagesMax: number | null
  readonly refusal: string | null
}

/**
 * What an election of one topic would do. The version does not tell that alone: what is lost depends on who is there, and on what brokers say
 * of their logs, too.
 */
export interface ElectionPlan {
  readonly topicId: string
  readonly version: number
  readonly type: Kind
  readonly partitions: readonly DrawnElection[]
}

/** The same election, only drawn, as for somebody who was shown what is lost. */
export function drawElection(
  view: View,
  reports: BrokerReports,
  topic: Topic,
  type: Kind,
  partitions: readonly number[],
): ElectionPlan {
  const asked = new Asked(topic, reports, new Standings(view, reports), type, true)
  const drawn = partitions.map((partition): DrawnElection => {
    const from = topic.partitions[partition]?.leader ?? -1
    const outcome = asked.elect(partition, 0)
    if ('error' in outcome) return { partition, from, to: -1, cutAt: null, messagesMax: 0, refusal: outcome.message }
    const messagesMax = outcome.loss === undefined ? 0 : outcome.loss.messagesMax
    const { next, salvage, leader } = outcome.state
    const to = next ?? salvage?.brokerId ?? leader
    return { partition, from, to, cutAt: salvage?.endOffset ?? null, messagesMax, refusal: null }
  })
  const { topicId, version } = topic
  return { topicId, version, type, partitions: drawn }
}

/** One topic's partitions, while they are asked for. */
class Asked {
  readonly topic: Topic
  readonly losses: Loss[] = []
  elected = 0
  /** Of these, those whose leaders are to hand over. */
  handOvers = 0
  readonly partitions: PartitionState[]
  readonly #kind: Kind
  readonly #salvages: boolean
  readonly #electorates: Electorates

  constructor(topic: Topic, reports: BrokerReports, standings: Standings, kind: Kind, salvages = false) {
    this.#salvages = salvages
    this.topic = topic
    this.partitions = [...topic.partitions]
    this.#kind = kind
    this.#electorates = new Electorates(topic, reports, standings)
  }

  elect(index: number, atMs: number): Outcome {
    const before = this.partitions[index]
    if (before === undefined) return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: 'the topic has no such partition' }
    const outcome = this.#kind === 'preferred' ? this.#preferred(index, before) : this.#unclean(index, before, atMs)
    if ('state' in outcome && outcome.state !== before) {
      this.elected += 1
      if (outcome.state.next !== undefined) this.handOvers += 1
      this.partitions[index] = outcome.state
      if (outcome.loss !== undefined) this.losses.push(outcome.loss)
    }
    return outcome
  }

  #preferred(index: number, before: PartitionState): Outcome {
    const [first] = before.replicas
    if (before.leader === first) return { error: 'ELECTION_NOT_NEEDED', message: 'its preferred replica leads' }
    const error = 'PREFERRED_LEADER_NOT_AVAILABLE'
    if (isInDoubt(this.topic)) return { error, message: inDoubt }
    const state = preferred(before, this.#electorates.of(index, before))
    return state === undefined ? { error, message: `broker ${first} is not in sync, or not fit to lead` } : { state }
  }

  #unclean(index: number, before: PartitionState, atMs: number): Outcome {
    if (before.leader !== -1) return { error: 'ELECTION_NOT_NEEDED', message: `broker ${before.leader} leads` }
    const error = 'ELIGIBLE_LEADERS_NOT_AVAILABLE'
    if (isInDoubt(this.topic)) return { error, message: inDoubt }
    const electorate = this.#electorates.of(index, before)
    const clean = elect(before, electorate)
    if (clean !== undefined && clean.leader !== -1) return { state: clean }
    const outcome = electUnclean(before, this.#electorates.unclean(index, electorate, 'asked', this.#salvages))
    if (outcome.kind === 'salvaging')
      return { error, message: `broker ${outcome.brokerId} is cutting off what is damaged of its log, and leads then` }
    if (outcome.kind !== 'elected') return { error, message: silent }
    return { state: outcome.state, loss: nextLoss(this.topic, this.losses.length, index, outcome, atMs) }
  }
}

const silent = 'no replica is there that said where its log ends, or what is sound of it'
const inDoubt = 'the topic is in doubt: what brokers know of it may be newer than what Castle knows'

function record(draft: Draft, kind: Kind, elections: readonly Asked[], why: string): void {
  if (elections.length === 0) return
  let elected = 0
  let losses = 0
  for (const each of elections) {
    elected += each.elected
    losses += each.losses.length
    const changed: Topic = { ...each.topic, partitions: each.partitions, version: draft.nextVersion() }
    draft.put('topic', withLosses(changed, each.losses))
  }
  const names = elections.slice(0, 10).map(({ topic }) => topic.name)
  const lost = losses === 0 ? '' : `; ${losses} of these leaders may lack what was acknowledged`
  draft.decide({
    kind: 'election',
    what: `elected ${kind === 'preferred' ? 'the preferred leaders' : 'leaders'} of ${elected} partitions of ${names.join(', ')}${lost}`,
    why,
    about: elections.slice(0, 10).map(({ topic }) => `topic/${topic.topicId}`),
  })
}

/** Preferred leaders that are to lead again, by topic id: those that still can, do. */
export function electPreferred(
  draft: Draft,
  reports: BrokerReports,
  due: ReadonlyMap<string, readonly number[]>,
): void {
  const standings = new Standings(draft, reports)
  const brokers = new Set<number>()
  const names: string[] = []
  let elected = 0
  let handOvers = 0
  for (const [topicId, indexes] of due) {
    const topic = draft.get('topic', topicId)
    if (topic === undefined || topic.deleted || isInDoubt(topic)) continue
    const asked = new Asked(topic, reports, standings, 'preferred')
    for (const index of indexes) {
      const outcome = asked.elect(index, draft.wallMs)
      if ('state' in outcome) brokers.add(outcome.state.next ?? outcome.state.leader)
    }
    if (asked.elected === 0) continue
    elected += asked.elected
    handOvers += asked.handOvers
    names.push(topic.name)
    draft.put('topic', { ...topic, partitions: asked.partitions, version: draft.nextVersion() })
  }
  if (elected === 0) return
  const list = [...brokers].map((id) => `broker ${id}`).join(', ')
  const more = names.length > 10 ? ` and ${names.length - 10} more` : ''
  draft.decide({
    kind: 'leaders-back',
    what: `${list} lead${brokers.size === 1 ? 's' : ''} ${elected} partitions of ${names.slice(0, 10).join(', ')}${more} again${handOvers > 0 ? `, ${handOvers} of them once they are handed over` : ''}`,
    why: 'preferred, and in sync for long enough',
    about: [...brokers].map((id) => `broker/${id}`),
  })
}
