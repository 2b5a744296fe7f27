// For tests: a group on a clock of its own, told in sentences.
//
//     a joins                       -> epoch 1, holds nothing
//     castle gives a 0-3            -> taken
//     a beats                       -> epoch 2, holds 0-3
//
// One topic, `orders`; partitions are written 0-3 or 0 2 5. A client beats at the epoch it was last told.
import { errorOf } from '@castellan/protocol'
import type { PartitionsByTopic } from '@castellan/protocol/heartbeat'
import type { Answer, Beat, Surroundings } from './beat.ts'
import { committerError, partitionError } from './commits.ts'
import { Draft, Group } from './group.ts'
import { heartbeat } from './heartbeat.ts'
import { expire } from './leaving.ts'
import { nothingOwned, type Owned, type TopicPartitions } from './owned.ts'
import { Subscriptions } from './subscription.ts'
import { dropTopic, takeTarget } from './target.ts'

export const topicId = '00000000-0000-4000-8000-000000000001'
export const sessionMs = 10_000
export const rebalanceMs = 60_000

export class Scenario {
  readonly group = new Group('g')
  nowMs = 1_000
  membersMax = 3
  /** The topics that there are. */
  topicNames: readonly string[] = ['orders']
  reportBytesMax = 1_000_000
  readonly #epochs = new Map<string, number>()
  #made = 0

  /** Does what the sentence says; returns what came of it, in words. */
  run(sentence: string): string {
    const [who = '', verb = '', ...rest] = sentence.split(' ')
    const words = rest.join(' ')
    if (who === 'castle') return this.#target(verb === 'belatedly', words.replace(/^gives /, ''))
    if (verb === 'pass') return this.#pass(Number(who))
    if (verb === 'is' && words === 'deleted') return this.#delete()
    if (verb === 'commits') return this.#commit(who, words)
    return this.beat(who, beatOf(verb, words, this.#epochs.get(who) ?? 0))
  }

  beat(memberId: string, beat: Partial<Beat>): string {
    const { draft, answer } = heartbeat(this.group, { ...emptyBeat, memberId, ...beat }, this.#around())
    this.#took(draft)
    const told = answer.memberId ?? memberId
    if (answer.errorCode === 0) this.#epochs.set(told, answer.memberEpoch)
    return (told === memberId ? '' : `${told} `) + inWords(answer)
  }

  /** Who holds what, by the owner table: `a 0-1, b 2-3`. */
  get holdings(): string {
    const members = [...this.group.members.values()].map(({ id, holding }) => {
      const revoking = holding.revoking.size > 0 ? `, giving up ${numbers(holding.revoking)}` : ''
      return `${id} ${numbers(holding.assigned)}${revoking}`
    })
    return members.join('; ')
  }

  #target(late: boolean, words: string): string {
    const members: Record<string, PartitionsByTopic> = {}
    for (const part of words.split(', ')) {
      const [member = '', ...partitions] = part.split(' ')
      members[member] = { [topicId]: parsePartitions(partitions.join(' ')) }
    }
    const membership = this.group.membership - (late ? 1 : 0)
    return this.#step((draft) => takeTarget(draft, { group: 'g', membership, members }))
  }

  #delete(): string {
    return this.#step((draft) => {
      dropTopic(draft, topicId)
      return 'done'
    })
  }

  #pass(ms: number): string {
    this.nowMs += ms
    return this.#step((draft) => {
      const expired = expire(draft, this.nowMs, this.nowMs)
      return expired.map(({ memberId, why }) => `${memberId}: ${why}`).join(', ') || 'nothing'
    })
  }

  #commit(memberId: string, words: string): string {
    const [partition, , epoch] = words.split(' ')
    const memberEpoch = epoch === undefined ? (this.#epochs.get(memberId) ?? -1) : Number(epoch)
    const committer = { apiVersion: 9, memberId: memberId === 'nobody' ? '' : memberId, memberEpoch, instanceId: null }
    const code =
      committerError(this.group, committer) || partitionError(this.group, committer, topicId, Number(partition))
    return code === 0 ? 'taken' : errorOf(code).name
  }

  #step(act: (draft: Draft) => string): string {
    const draft = new Draft(this.group, this.nowMs + 2_000)
    const outcome = act(draft)
    this.#took(draft)
    return outcome
  }

  #took(draft: Draft): void {
    if (draft.membershipChanged) this.group.membership++
  }

  #around(): Surroundings {
    const subscriptions = new Subscriptions()
    return {
      nowMs: this.nowMs,
      wallMs: this.nowMs,
      sessionTimeoutMs: sessionMs,
      castleGraceMs: 2_000,
      membersMax: this.membersMax,
      newMemberId: () => `made-${++this.#made}`,
      resolve: (regex) =>
        subscriptions.resolve(
          regex,
          this.topicNames.map((name) => ({ name, internal: false })),
        ),
      hasReportRoom: (growthBytes) => growthBytes <= 0 || this.group.reportBytes + growthBytes <= this.reportBytesMax,
    }
  }
}

/** What a beat says that says nothing. */
export const emptyBeat: Beat = {
  apiVersion: 1,
  clientId: 'test',
  clientHost: '127.0.0.1',
  groupId: 'g',
  memberId: '',
  memberEpoch: 0,
  instanceId: null,
  rackId: null,
  rebalanceTimeoutMs: -1,
  subscribedTopicNames: null,
  subscribedTopicRegex: null,
  serverAssignor: null,
  topicPartitions: null,
}

export const joiningBeat: Partial<Beat> = {
  memberEpoch: 0,
  rebalanceTimeoutMs: rebalanceMs,
  subscribedTopicNames: ['orders'],
  topicPartitions: [],
}

/** `beats`, `beats at 3`, `beats owning 0-3`, `beats at 3 owning nothing`, `joins`, `joins as i1`, `leaves`, `goes away as i1`. */
function beatOf(verb: string, words: string, memberEpoch: number): Partial<Beat> {
  const instanceId = /\bas (\S+)/.exec(words)?.[1] ?? null
  if (verb === 'joins') return { ...joiningBeat, instanceId }
  if (verb === 'leaves') return { memberEpoch: -1, instanceId }
  if (verb === 'goes') return { memberEpoch: -2, instanceId }
  if (verb !== 'beats') throw new Error(`what is ${verb}?`)
  const epoch = /\bat (\d+)/.exec(words)?.[1]
  const owning = /\bowning (.*)$/.exec(words)?.[1]
  return {
    instanceId,
    memberEpoch: epoch === undefined ? memberEpoch : Number(epoch),
    topicPartitions: owning === undefined ? null : reportOf(parsePartitions(owning)),
  }
}

export function reportOf(partitions: readonly number[]): TopicPartitions[] {
  return partitions.length === 0 ? [] : [{ topicId, partitions }]
}

function parsePartitions(text: string): number[] {
  if (text === 'nothing' || text === '') return []
  return text.split(' ').flatMap((part) => {
    const [first, last] = part.split('-').map(Number)
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, index) => first! + index)
  })
}

function numbers(owned: Owned): string {
  const sorted = [...(owned.get(topicId)?.keys() ?? [])].sort((a, b) => a - b)
  return owned === nothingOwned || sorted.length === 0 ? 'nothing' : sorted.join(' ')
}

function inWords(answer: Answer): string {
  if (answer.errorCode !== 0) return errorOf(answer.errorCode).name
  const holds = answer.assignment === null ? '' : `, holds ${numbers(answer.assignment)}`
  return `epoch ${answer.memberEpoch}${holds}`
}
