// Commits offsets at the coordinator, under the member's epoch, so that only the owner of a partition can (S3).
//
// One commit is under way at a time and a later one overtakes none. A commit that fails for a passing reason is tried again as
// long as the partition is ours; what "ours" means is the coordinator's word, not ours.
import { errors, groupBy, offsetCommit, type ResponseOf } from '@castellan/protocol'
import { sleep } from '@castellan/protocol/runtime'
import { backoffMs, requestBackoff } from '../backoff.ts'
import { CastellanError, isRetriable, messageOf, refusal } from '../errors.ts'
import { newStop } from '../stop.ts'
import type { Assignment } from './assignment.ts'
import { isMessage } from './checks.ts'
import type { GroupClient } from './group-client.ts'
import { commitVerdict } from './membership.ts'
import type { AssignedPartition, Position } from './partition.ts'
import type { CommitOffset, MessagePosition, PartitionName } from './types.ts'

export interface Commit {
  readonly partition: AssignedPartition
  /** The partition's when it was asked for: after a seek it says nothing about what is to be committed. */
  readonly generation: number
  readonly position: Position
  readonly metadata: string
}

/** What a service asks for: all up to and with a message, or offsets of its own choice. Throws NOT_ASSIGNED. */
export function commitsAsked(what: MessagePosition | readonly CommitOffset[], assignment: Assignment): Commit[] {
  const commitOf = (name: PartitionName, position: Position, metadata = ''): Commit => {
    const partition = assignment.getHeld(name)
    return { partition, generation: partition.generation, position, metadata }
  }
  if (isMessage(what)) return [commitOf(what, { offset: what.offset + 1, leaderEpoch: what.leaderEpoch })]
  return what.map((one) => commitOf(one, { offset: one.offset, leaderEpoch: -1 }, one.metadata))
}

type Outcome = 'done' | 'again' | CastellanError

/** Commits with member epochs. */
const versionMin = 9

export class Commits {
  readonly #group: GroupClient
  readonly #requestTimeoutMs: number
  readonly #onStale: () => void
  readonly #stop = newStop()
  #last: Promise<void> = Promise.resolve()

  /** `onStale`: the coordinator knows another epoch of this member: heartbeat. */
  constructor(group: GroupClient, requestTimeoutMs: number, onStale: () => void) {
    this.#group = group
    this.#requestTimeoutMs = requestTimeoutMs
    this.#onStale = onStale
  }

  close(): void {
    this.#stop.abort(new CastellanError('CLOSED', 'the consumer was closed'))
  }

  /** What is done and not committed. Never less than what was committed, which may be more where it was done by hand; a seek clears that. */
  due(partitions: Iterable<AssignedPartition>): Commit[] {
    const due: Commit[] = []
    for (const partition of partitions) {
      const position = partition.done
      if (position.offset >= 0 && position.offset > partition.committed)
        due.push({ partition, generation: partition.generation, position, metadata: '' })
    }
    return due
  }

  /**
   * Commits, after what was asked before, and tries again for up to `timeoutMs`. A function is asked when its turn comes: what is due may be
   * less by then. Throws COMMIT_REFUSED where a partition is not ours any more (the others are committed), REFUSED, or the last trouble
   * when the time is up.
   */
  commit(commits: readonly Commit[] | (() => readonly Commit[]), timeoutMs: number): Promise<void> {
    const { clock } = this.#group.client.runtime
    const untilMs = clock.nowMs() + timeoutMs
    const turn = this.#last.then(() => this.#commitAll(typeof commits === 'function' ? commits() : commits, untilMs))
    this.#last = turn.catch(() => {}) // whoever asked hears of it; the next commit begins all the same
    return new Promise((resolve, reject) => {
      // Also while an earlier commit is under way.
      const timer = clock.after(timeoutMs, () => reject(late()))
      turn.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  async #commitAll(commits: readonly Commit[], untilMs: number): Promise<void> {
    const { clock, random } = this.#group.client.runtime
    if (commits.length === 0) return
    let open = commits
    let refused: CastellanError | undefined
    for (let failures = 1; ; failures++) {
      let trouble: unknown = null
      try {
        const outcomes = await this.#commitOnce(open, Math.max(1, untilMs - clock.nowMs()))
        refused ??= [...outcomes.values()].find((outcome) => outcome instanceof CastellanError)
        open = open.filter((one) => outcomes.get(one) === 'again')
      } catch (error) {
        if (!isRetriable(error)) throw error
        trouble = error
      }
      if (open.length === 0) break
      const waitMs = backoffMs(requestBackoff, failures, random)
      if (clock.nowMs() + waitMs >= untilMs) {
        throw trouble ?? late()
      }
      await sleep(clock, waitMs, this.#stop.signal)
    }
    if (refused !== undefined) throw refused
  }

  async #commitOnce(commits: readonly Commit[], leftMs: number): Promise<Map<Commit, Outcome>> {
    const outcomes = new Map<Commit, Outcome>()
    const ours = commits.filter((one) => one.partition.state !== 'gone')
    for (const one of commits) if (!ours.includes(one)) outcomes.set(one, notOurs(one.partition))
    if (ours.length === 0) return outcomes
    const timeoutMs = Math.min(leftMs, this.#requestTimeoutMs)
    const answer = await this.#group.request(offsetCommit, this.#bodyOf(ours), {
      timeoutMs,
      signal: this.#stop.signal,
      versionMin,
    })
    const codes = codesOf(answer)
    for (const one of ours) {
      const { topic, topicId, partition } = one.partition
      const code = codes.get(`${topicId}/${partition}`) ?? codes.get(`${topic}/${partition}`)
      outcomes.set(one, this.#judge(one, code ?? errors.UNKNOWN_SERVER_ERROR.code))
    }
    return outcomes
  }

  #bodyOf(commits: readonly Commit[]) {
    const { group, memberId, memberEpoch } = this.#group
    const topics = [...groupBy(commits, ({ partition }) => partition.topicId)].map(([topicId, ofTopic]) => ({
      name: ofTopic[0]!.partition.topic,
      topicId,
      partitions: ofTopic.map(({ partition, position, metadata }) => ({
        partitionIndex: partition.partition,
        committedOffset: position.offset,
        committedLeaderEpoch: position.leaderEpoch,
        committedMetadata: metadata,
      })),
    }))
    return { groupId: group, memberId, generationIdOrMemberEpoch: memberEpoch, topics }
  }

  #judge({ partition, generation, position }: Commit, errorCode: number): Outcome {
    const error = refusal(`OffsetCommit of ${partition.topic}/${partition.partition}`, errorCode)
    switch (commitVerdict(errorCode, error.retriable)) {
      case 'done':
        if (partition.generation === generation || partition.done.offset === position.offset)
          partition.committed = position.offset
        return 'done'
      case 'newEpoch':
        this.#onStale()
        return 'again'
      case 'elsewhere':
        this.#group.forgetCoordinator()
        return 'again'
      case 'again':
        return 'again'
      case 'lost':
        this.#onStale()
        return new CastellanError('COMMIT_REFUSED', messageOf(error), { kafkaCode: errorCode })
      case 'refused':
        return error
    }
  }
}

function late(): CastellanError {
  return new CastellanError('REQUEST_TIMEOUT', 'the coordinator did not take the offsets in time')
}

function notOurs({ topic, partition }: AssignedPartition): CastellanError {
  return new CastellanError('COMMIT_REFUSED', `${topic}/${partition} is not assigned to this consumer any more`)
}

/** By topic id and, in versions without ids, by name. */
function codesOf(answer: ResponseOf<typeof offsetCommit>): Map<string, number> {
  const codes = new Map<string, number>()
  for (const { name, topicId, partitions } of answer.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      codes.set(`${topicId}/${partitionIndex}`, errorCode)
      if (name !== '') codes.set(`${name}/${partitionIndex}`, errorCode)
    }
  }
  return codes
}
