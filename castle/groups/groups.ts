// Castle's part in consumer groups: coordinators report who is in a group and what they want, Castle decides who shall process
// what (decide.ts) and tells the coordinator as `target/<group>`; members it tells where their coordinator is and that there
// is news, as `coordinator/<group>`.
//
// Decisions wait for each other in one set and are taken together: after a restart all groups come at once, and that is one
// write. What reports say is in memory only, because coordinators say it again.
import type { BrokerReport, CoordinatorState, GroupReport } from '@castellan/protocol/heartbeat'
import { partitionForKey } from '@castellan/protocol/records'
import type { Clock, Logger, Timer } from '@castellan/protocol/runtime'
import { CastleError } from '../errors.ts'
import { isAnyInDoubt } from '../restore/doubts.ts'
import type { Changes } from '../state/changes.ts'
import type { Draft } from '../state/draft.ts'
import { groupKey, type Member } from '../state/entities.ts'
import type { View } from '../state/state.ts'
import { type SubjectText, subjectText } from '../state/subjects.ts'
import { offsetsTopic } from '../topics/create.ts'
import { decideGroup } from './decide.ts'

interface Heard {
  readonly cluster: string
  readonly coordinator: number
  readonly report: GroupReport
}

interface Told {
  readonly state: CoordinatorState
  readonly subject: SubjectText
}

export interface GroupsOptions {
  readonly changes: Changes
  readonly clock: Clock
  readonly log: Logger
  /** What is reported of a group changed. */
  readonly onReported: (cluster: string, group: string) => void
  /** The subject `coordinator/<group>` changed. */
  readonly onCoordinator: (cluster: string, group: string) => void
}

/** After a target could not be written; until then the last one stands. */
const retryMs = 1_000

const utf8 = new TextEncoder()

export class Groups {
  readonly #options: GroupsOptions
  /** By cluster/group: the last report of the coordinator that Castle elected. */
  readonly #heard = new Map<string, Heard>()
  /** By cluster/group: what members were told last. */
  readonly #told = new Map<string, Told>()
  /** By cluster/group: to be decided. */
  readonly #open = new Set<string>()
  #deciding = false
  #retry: Timer | undefined

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** The broker that coordinates a group; -1: none at the moment. */
  coordinatorOf(cluster: string, group: string): number {
    const partitions = this.#options.changes.state.topicNamed(cluster, offsetsTopic)?.partitions
    if (partitions === undefined || partitions.length === 0) return -1
    return partitions[partitionForKey(utf8.encode(group), partitions.length)]?.leader ?? -1
  }

  report(cluster: string, group: string): GroupReport | undefined {
    return this.#heard.get(groupKey(cluster, group))?.report
  }

  /** Names of all groups of a cluster that are known, by report or by target. */
  names(cluster: string): string[] {
    const names = new Set<string>()
    for (const group of this.#options.changes.state.all('group')) if (group.cluster === cluster) names.add(group.name)
    for (const heard of this.#heard.values()) if (heard.cluster === cluster) names.add(heard.report.group)
    return [...names]
  }

  /** Names of groups with a member that subscribes to a topic, sorted. */
  subscribedTo(cluster: string, topic: string): string[] {
    return this.names(cluster)
      .filter((name) => this.members(cluster, name).some(({ topics }) => topics.includes(topic)))
      .sort()
  }

  /** Who is in a group: as its coordinator says, or as it was when its target was decided. */
  members(cluster: string, group: string): readonly Member[] {
    const key = groupKey(cluster, group)
    return this.#heard.get(key)?.report.members ?? this.#options.changes.state.get('group', key)?.members ?? []
  }

  /** A broker's new report. Groups that it does not coordinate (any more) are not its business. */
  onReport(cluster: string, brokerId: number, groups: BrokerReport['groups']): void {
    const named = new Set<string>()
    for (const report of groups) {
      if (this.coordinatorOf(cluster, report.group) !== brokerId) continue
      const key = groupKey(cluster, report.group)
      named.add(key)
      const before = this.#heard.get(key)?.report
      this.#heard.set(key, { cluster, coordinator: brokerId, report })
      if (before?.revision !== report.revision || before.membership !== report.membership) {
        this.refresh(cluster, report.group)
        this.#options.onReported(cluster, report.group)
      }
      this.#open.add(key)
    }
    for (const [key, heard] of this.#heard) {
      if (heard.cluster !== cluster || heard.coordinator !== brokerId || named.has(key)) continue
      this.#heard.delete(key)
      this.#options.onReported(cluster, heard.report.group)
      this.#open.add(key)
    }
    this.#decideSoon()
  }

  /** Whether a topic that a group needs is in doubt (R14): its offsets', or one that its members subscribe to. */
  isInDoubt(view: View, cluster: string, members: readonly Member[]): boolean {
    return isAnyInDoubt(view, cluster, [offsetsTopic, ...members.flatMap(({ topics }) => topics)])
  }

  /** A topic came or went: groups that subscribe to it are looked at again. */
  onTopic(cluster: string, name: string): void {
    for (const [key, { cluster: home, report }] of this.#heard) {
      if (home === cluster && report.members.some(({ topics }) => topics.includes(name))) this.#open.add(key)
    }
    this.#decideSoon()
  }

  /** All groups of a cluster are looked at again. */
  onCluster(cluster: string): void {
    for (const [key, { cluster: home }] of this.#heard) if (home === cluster) this.#open.add(key)
    this.#decideSoon()
  }

  /** Leaders of the offsets topic changed: members learn their new coordinators. */
  onOffsetsTopic(cluster: string): void {
    for (const [key, { state }] of this.#told)
      if (key === groupKey(cluster, state.group)) this.refresh(cluster, state.group)
  }

  /** What members of a group are told; made when first asked for. */
  coordinatorSubject(cluster: string, group: string): SubjectText {
    return (this.#told.get(groupKey(cluster, group)) ?? this.#tell(cluster, group)).subject
  }

  /** Says it anew where it is no longer what members were told. */
  refresh(cluster: string, group: string): void {
    const told = this.#told.get(groupKey(cluster, group))
    if (told === undefined) return
    const { brokerId, revision } = this.#coordinatorState(cluster, group)
    if (told.state.brokerId === brokerId && told.state.revision === revision) return
    this.#tell(cluster, group)
    this.#options.onCoordinator(cluster, group)
  }

  /** A higher Castle epoch: what was told under the old one is told again. */
  retell(): void {
    for (const [key, { state }] of [...this.#told]) {
      const cluster = key.slice(0, key.length - state.group.length - 1)
      this.#tell(cluster, state.group)
      this.#options.onCoordinator(cluster, state.group)
    }
  }

  /** Nothing is begun any more. */
  close(): void {
    this.#retry?.cancel()
  }

  /** Nobody is interested in a group any more. */
  forget(cluster: string, group: string): void {
    this.#told.delete(groupKey(cluster, group))
  }

  #tell(cluster: string, group: string): Told {
    const state = this.#coordinatorState(cluster, group)
    const version = this.#options.changes.nextVersion()
    const told = { state, subject: subjectText({ key: `coordinator/${group}`, version, state }) }
    this.#told.set(groupKey(cluster, group), told)
    return told
  }

  #coordinatorState(cluster: string, group: string): CoordinatorState {
    const key = groupKey(cluster, group)
    // Between two coordinators the last revision stands: the next one's report will differ.
    const revision = this.#heard.get(key)?.report.revision ?? this.#told.get(key)?.state.revision ?? 0
    return { group, brokerId: this.coordinatorOf(cluster, group), revision }
  }

  #decideSoon(): void {
    if (this.#deciding || this.#open.size === 0) return
    this.#deciding = true
    let keys: string[] = []
    const decideAll = (draft: Draft) => {
      this.#deciding = false
      keys = [...this.#open]
      this.#open.clear()
      for (const key of keys) this.#decide(draft, key)
    }
    this.#options.changes.change(decideAll).catch((error: unknown) => {
      this.#deciding = false
      if (error instanceof CastleError && error.code === 'NOT_ACTIVE') return
      this.#options.log.error({ error }, 'targets of groups could not be decided: trying again')
      for (const key of keys) this.#open.add(key)
      this.#retry = this.#options.clock.after(retryMs, () => this.#decideSoon())
    })
  }

  #decide(draft: Draft, key: string): void {
    const heard = this.#heard.get(key)
    const group = draft.get('group', key)
    if (heard === undefined) {
      // Its coordinator dropped it. A target that still has members stays until somebody coordinates them again (R13).
      if (group !== undefined && group.members.length === 0) draft.remove('group', key)
      return
    }
    // Decided when the doubt is over: then its topics are looked at again.
    if (this.isInDoubt(draft, heard.cluster, heard.report.members)) return
    const next = decideGroup(draft, heard.cluster, heard.report, group)
    if (next === undefined) return
    draft.put('group', { ...next, version: draft.nextVersion() })
    draft.decide({
      kind: 'group-target',
      what: `group ${next.name} has a new target for ${next.members.length} member${next.members.length === 1 ? '' : 's'}`,
      why:
        group?.membership === next.membership
          ? 'partitions of its topics changed'
          : `membership ${next.membership}, told by broker ${heard.coordinator}`,
      about: [`group/${key}`],
    })
  }
}
