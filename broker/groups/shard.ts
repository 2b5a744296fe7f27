// The groups of one partition of __consumer_offsets, while this broker leads it.
//
//   loading --log read--> ready --leadership lost--> closed
//                           '--a write failed, an invariant broke--> closed, and loaded anew (coordinator.ts)
//
// Steps are taken in memory at once and answered when the log has them, in order (R11): so one heartbeat does not wait
// for another's write, and no answer tells of anything that could still be lost.
import { errors } from '@castellan/protocol'
import { assign } from '@castellan/protocol/assignment'
import { type TargetState, type TopicState, versionOf } from '@castellan/protocol/heartbeat'
import { uuid } from '@castellan/protocol/runtime'
import { messageOf } from '../errors.ts'
import type { Partition } from '../partition/index.ts'
import { Alarm, heldUpMs } from './alarm.ts'
import { GroupLog } from './group-log.ts'
import type { SizedReport } from './report-room.ts'
import type { ShardHost } from './shard-host.ts'
import type { Answer, Beat, Surroundings } from './state/beat.ts'
import { expireOffsets } from './state/commits.ts'
import { Draft, Group } from './state/group.ts'
import { heartbeat } from './state/heartbeat.ts'
import { countAsHeard, expire, giveTime, nextDeadlineMs } from './state/leaving.ts'
import { bytesOfTargets } from './state/report-size.ts'
import { reportOf, stateOf, subscribesToAny } from './state/snapshot.ts'
import { assignmentInput, dropTopic, refreshRegexes, setTargets, takeTarget } from './state/target.ts'

/** A coordinator before this one may have answered heartbeats until so long after the election (R2). */
const formerLeaderMs = 1_000

export class Shard {
  readonly partition: Partition
  readonly leaderEpoch: number
  readonly groups = new Map<string, Group>()
  state: 'loading' | 'ready' | 'failed' | 'closed' = 'loading'
  /** Of all groups together, as it was after the last step. */
  reportBytes = 0
  /** Changes of reports so far, at this leader epoch. */
  changeCount: number
  readonly #host: ShardHost
  readonly #groupLog: GroupLog
  readonly #electedMs: number
  /** What each group has in `reportBytes`. */
  readonly #countedBytes = new Map<string, number>()
  readonly #exists = (name: string) => this.#host.metadata.topicNamed(name) !== undefined
  /** The next end of a session, or of Castle's time for a target. */
  readonly #alarm: Alarm

  /** `changeCount`: that of the shard before it at the same leader epoch. */
  constructor(partition: Partition, host: ShardHost, changeCount: number) {
    this.partition = partition
    this.leaderEpoch = partition.leaderEpoch
    this.changeCount = changeCount
    this.#host = host
    this.#electedMs = host.runtime.clock.nowMs()
    this.#alarm = new Alarm(host.runtime.clock, (wasHeldUp) => this.#tick(wasHeldUp))
    this.#groupLog = new GroupLog(partition, {
      clock: host.runtime.clock,
      snapshotBytes: host.settings.groupLogSnapshotBytes,
      onFailure: (errorCode) => this.#fail('a write to the group log failed', { errorCode }),
    })
  }

  /** Reads the log; then groups are coordinated. */
  async load(): Promise<void> {
    try {
      await this.#groupLog.read((groupId, change) => this.#groupOf(groupId).restore(change))
      if (this.state === 'loading') this.#begin()
    } catch (error) {
      // Closed while it was read: somebody else leads, or this broker stops.
      if (this.state === 'loading') this.#fail('the group log cannot be read', { error: messageOf(error) })
    }
  }

  /** Nothing is answered any more; what is under way ends as it will. */
  close(): void {
    this.state = 'closed'
    this.#groupLog.close()
    this.#alarm.cancel()
  }

  /** Writes under way. */
  get pending(): number {
    return this.#groupLog.pending
  }

  reports(): SizedReport[] {
    if (this.state !== 'ready') return []
    return [...this.groups.values()].map((group) => {
      const report = reportOf(group, this.#exists)
      return { report, size: { subscribedBytes: group.reportBytes, targetBytes: bytesOfTargets(report) } }
    })
  }

  // ---------------------------------------------------------------- events

  /** The answer, and Kafka's code when what it tells of could not be kept. */
  async heartbeat(beat: Beat): Promise<Answer | number> {
    const group = this.groups.get(beat.groupId) ?? new Group(beat.groupId)
    if (beat.memberEpoch === 0 && !this.groups.has(group.id) && !this.#host.hasRoom())
      return errors.POLICY_VIOLATION.code
    const step = this.#guard(() => heartbeat(group, beat, this.#surroundings()))
    if (!step) return errors.COORDINATOR_NOT_AVAILABLE.code
    const { errorCode: code, errorMessage } = step.answer
    if (code === errors.GROUP_MAX_SIZE_REACHED.code) {
      this.#host.noRoom.happened({
        group: beat.groupId,
        member: beat.memberId,
        clientHost: beat.clientHost,
        errorMessage,
      })
    }
    const errorCode = await this.#commit(step.draft)
    return errorCode === 0 && this.mayTell() ? step.answer : errorCode || errors.COORDINATOR_NOT_AVAILABLE.code
  }

  /** R2's rule: nobody else can have been elected a second ago. What is told now counts at the member from when it asked, so earlier. */
  mayTell(): boolean {
    return this.partition.mayAnswer()
  }

  /** Takes a step with one group; resolves as `GroupLog.append` does. */
  step(groupId: string, act: (draft: Draft) => void): Promise<number> {
    const draft = this.#draft(this.groups.get(groupId) ?? new Group(groupId))
    const done = this.#guard(() => {
      act(draft)
      return true
    })
    return done ? this.#commit(draft) : Promise.resolve(errors.COORDINATOR_NOT_AVAILABLE.code)
  }

  /** Resolves when all that anybody could have seen until now is durable. */
  durable(): Promise<number> {
    return this.#groupLog.durable()
  }

  takeTarget(state: TargetState): void {
    if (this.state !== 'ready' || !this.groups.has(state.group)) return
    void this.step(state.group, (draft) => {
      const outcome = takeTarget(draft, state)
      if (outcome === 'gives a partition twice')
        this.#host.log.error({ group: state.group }, 'Castle gives a partition twice')
    })
  }

  /** Topics appeared, changed or were deleted. */
  followTopics(topics: readonly TopicState[]): void {
    if (this.state !== 'ready') return
    for (const group of [...this.groups.values()]) {
      const hasRegex = [...group.members.values()].some(({ profile }) => profile.topicRegex !== null)
      const concerned = topics.filter((topic) => topic.deleted || hasRegex)
      if (concerned.length > 0) void this.step(group.id, (draft) => this.#followTopics(draft, concerned))
    }
  }

  /** Topics of these names came or went: reports name only those that exist. Does a group have to be reported anew? */
  renewReports(names: ReadonlySet<string>): boolean {
    if (this.state !== 'ready') return false
    let renewed = false
    for (const group of this.groups.values()) {
      if (!subscribesToAny(group, names)) continue
      group.report = null
      renewed = true
    }
    return renewed
  }

  expireOffsets(wallMs: number): void {
    if (this.state !== 'ready') return
    const retentionMs = this.#host.settings.offsetsRetentionMinutes * 60_000
    for (const groupId of [...this.groups.keys()]) {
      void this.step(groupId, (draft) => expireOffsets(draft, wallMs, retentionMs))
    }
  }

  // ---------------------------------------------------------------- steps

  #begin(): void {
    const { runtime, settings, metadata, deletedTopics } = this.#host
    const heardMs = Math.max(this.#electedMs + formerLeaderMs, runtime.clock.nowMs())
    for (const group of this.groups.values()) {
      if (group.deleted) this.groups.delete(group.id)
      this.#count(group)
      group.restored()
      group.membership = this.#nextChange()
      group.revision = this.#nextChange()
      countAsHeard(group, heardMs, settings.groupConsumerSessionTimeoutMs, settings.groupCastleGraceMs)
    }
    this.state = 'ready'
    this.followTopics([...deletedTopics.values(), ...metadata.topics()])
    this.#schedule()
    this.#snapshotIfDue()
    this.#host.onReport()
    const { topic, index } = this.partition
    this.#host.log.info(
      { topic, partition: index, groups: this.groups.size, epoch: this.leaderEpoch },
      'coordinating groups',
    )
  }

  #followTopics(draft: Draft, topics: readonly TopicState[]): void {
    const { subscriptions, noRoom } = this.#host
    for (const topic of topics) if (topic.deleted) dropTopic(draft, topic.topicId)
    const { group } = draft
    for (const member of refreshRegexes(draft, topics, this.#exists, subscriptions, this.#host.hasReportRoom)) {
      const errorMessage = 'its regular expression matches more topics than there is room for: it gets no further ones'
      noRoom.happened({ group: group.id, member, errorMessage })
    }
  }

  /** A member's time is over, or Castle has not answered in time. */
  #tick(wasHeldUp: boolean): void {
    const { clock } = this.#host.runtime
    const nowMs = clock.nowMs()
    for (const groupId of [...this.groups.keys()]) {
      const group = this.groups.get(groupId)!
      if (wasHeldUp) giveTime(group, nowMs + heldUpMs)
      if (nextDeadlineMs(group) > nowMs) continue
      void this.step(groupId, (draft) => {
        for (const { memberId, why } of expire(draft, nowMs, clock.wallMs())) {
          this.#host.log.warn({ group: groupId, member: memberId }, `member removed: ${why}`)
        }
        if (group.awaitsTarget && group.targetDueMs !== null && group.targetDueMs <= nowMs) this.#assign(draft)
      })
    }
    this.#schedule()
  }

  /** Castle is away: the coordinator decides as Castle would. */
  #assign(draft: Draft): void {
    const { metadata, log } = this.#host
    setTargets(draft, assign(assignmentInput(draft.group, (name) => metadata.topicNamed(name))))
    log.warn(
      { group: draft.group.id, members: draft.group.members.size },
      'no target from Castle in time: assigned without it',
    )
  }

  async #commit(draft: Draft): Promise<number> {
    const { group, changes } = draft
    if (changes.length === 0) return this.#groupLog.durable()
    if (group.deleted) this.groups.delete(group.id)
    else this.groups.set(group.id, group)
    this.#count(group)
    const reported = draft.news || draft.membershipChanged || changes.some(({ kind }) => kind === 'group')
    if (reported) {
      if (draft.membershipChanged || group.membership === 0) group.membership = this.#nextChange()
      if (draft.news || group.revision === 0) group.revision = this.#nextChange()
      group.report = null
    }
    if (this.state === 'ready') this.#alarm.setBy(nextDeadlineMs(group))
    const errorCode = await this.#groupLog.append(group.id, changes)
    if (errorCode !== 0) return errorCode
    if (reported) this.#host.onReport()
    this.#snapshotIfDue()
    return 0
  }

  #snapshotIfDue(): void {
    if (!this.#groupLog.isSnapshotDue) return
    this.#groupLog.snapshot(this.#states()).catch((error: unknown) => {
      // The log is longer than it need be; the next snapshot cuts it.
      this.#host.log.warn({ partition: this.partition.index, error: messageOf(error) }, 'cannot shorten the group log')
    })
  }

  *#states() {
    for (const groupId of [...this.groups.keys()]) {
      const group = this.groups.get(groupId)
      if (group) yield { groupId, changes: stateOf(group) }
    }
  }

  // ---------------------------------------------------------------- parts

  #groupOf(groupId: string): Group {
    const known = this.groups.get(groupId)
    // A group that was deleted, and is there again.
    if (known && !known.deleted) return known
    const group = new Group(groupId)
    this.groups.set(groupId, group)
    return group
  }

  /** Its newest size counts; to be called after each step. */
  #count(group: Group): void {
    const bytes = this.groups.get(group.id) === group ? group.reportBytes : 0
    this.reportBytes += bytes - (this.#countedBytes.get(group.id) ?? 0)
    if (bytes > 0) this.#countedBytes.set(group.id, bytes)
    else this.#countedBytes.delete(group.id)
  }

  #draft(group: Group): Draft {
    return new Draft(group, this.#host.runtime.clock.nowMs() + this.#host.settings.groupCastleGraceMs)
  }

  #surroundings(): Surroundings {
    const { runtime, settings, metadata, subscriptions, hasReportRoom } = this.#host
    return {
      nowMs: runtime.clock.nowMs(),
      wallMs: runtime.clock.wallMs(),
      sessionTimeoutMs: settings.groupConsumerSessionTimeoutMs,
      castleGraceMs: settings.groupCastleGraceMs,
      membersMax: settings.groupConsumerMaxSize,
      newMemberId: () => uuid(runtime.random),
      resolve: (regex) => subscriptions.resolve(regex, metadata.topics()),
      hasReportRoom,
    }
  }

  /** Numbers of reports: they rise over restarts and elections too, because leader epochs do. */
  #nextChange(): number {
    return versionOf(this.leaderEpoch, ++this.changeCount)
  }

  #schedule(): void {
    let dueMs = Number.POSITIVE_INFINITY
    for (const group of this.groups.values()) dueMs = Math.min(dueMs, nextDeadlineMs(group))
    if (this.state === 'ready') this.#alarm.setBy(dueMs)
  }

  /** Runs a step; undefined: an invariant broke in it, and this shard is at its end. */
  #guard<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#fail('a group is in a state that must not be', { error })
      return undefined
    }
  }

  #fail(what: string, fields: Record<string, unknown>): void {
    if (this.state === 'closed' || this.state === 'failed') return
    this.close()
    this.state = 'failed'
    this.#host.log.error({ topic: this.partition.topic, partition: this.partition.index, ...fields }, what)
    this.#host.onFailure(this)
  }
}
