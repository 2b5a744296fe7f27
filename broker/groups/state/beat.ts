// What a heartbeat brings, what it may ask of its surroundings, and what comes of it.
import type { Draft } from './group.ts'
import type { Owned, TopicPartitions } from './owned.ts'

/** A request of version 0 or 1, and who sent it. */
export interface Beat {
  readonly apiVersion: number
  readonly clientId: string | null
  readonly clientHost: string
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly rebalanceTimeoutMs: number
  readonly subscribedTopicNames: readonly string[] | null
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly topicPartitions: readonly TopicPartitions[] | null
}

/** What a step may ask of its surroundings. Times: `nowMs` monotonic, `wallMs` since 1970. */
export interface Surroundings {
  readonly nowMs: number
  readonly wallMs: number
  readonly sessionTimeoutMs: number
  readonly castleGraceMs: number
  readonly membersMax: number
  newMemberId(): string
  /** The topics that a regular expression means now; `problem`: why it cannot be used. */
  resolve(regex: string): { topics: readonly string[] } | { problem: string }
  /** Is there room in the report to Castle for so much more of a member that takes `memberBytes` then? */
  hasReportRoom(growthBytes: number, memberBytes: number): boolean
}

export interface Answer {
  /** Kafka's. */
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null: unchanged since it was last told. */
  readonly assignment: Owned | null
  /** The member waits for something, or is waited for: it should be back soon. */
  readonly converging: boolean
}

export interface Step {
  readonly draft: Draft
  readonly answer: Answer
}

/** An expected outcome that is not what was asked for. */
export interface Refusal {
  /** Kafka's. */
  readonly errorCode: number
  readonly errorMessage: string
}

export function refusal(error: { readonly code: number }, errorMessage: string): Refusal {
  return { errorCode: error.code, errorMessage }
}

export function refusedAnswer({ errorCode, errorMessage }: Refusal): Answer {
  return { errorCode, errorMessage, memberId: null, memberEpoch: 0, assignment: null, converging: false }
}

/** What a member that has left is answered. */
export function goneAnswer(memberId: string, memberEpoch: number): Answer {
  return { errorCode: 0, errorMessage: null, memberId, memberEpoch, assignment: null, converging: false }
}
