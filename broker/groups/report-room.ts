// How large a broker's report of its groups may become. Members name what they like, and the report repeats it: so what
// members may name together is bounded, or one client could make a report that Castle's link refuses, and the broker
// would count as dead.
//
//   at the door    a join, or a subscription that grows, is refused when there is no room for it   (state/heartbeat.ts)
//   on the way out what is too much all the same is left out, and logged                           (fitReports)
//
// The second is needed because room is asked for once, and a broker that takes over the groups of others, or whose
// groups are given many partitions, has more to say than it let in.
import type { GroupReport } from '@castellan/protocol/heartbeat'
import type { GroupSize } from './state/report-size.ts'

const MiB = 1024 * 1024

/** As many as a report may name (protocol/heartbeat/reports.ts). */
export const reportedGroupsMax = 10_000
/** Of a message of 16 MiB: the rest is for logs, and for the versions of what the broker holds. */
export const subscribedBytesMax = 4 * MiB
export const targetBytesMax = 4 * MiB
/** The last of the room is for members that ask for little, so that a few that ask for much do not shut others out. */
const largeMembersMax = 3 * MiB
const largeMemberBytes = 4 * 1024

/** Is there room for `growthBytes` more of a member that has `memberBytes` then, when all groups have `usedBytes`? */
export function hasRoomFor(usedBytes: number, growthBytes: number, memberBytes: number): boolean {
  if (growthBytes <= 0) return true
  return usedBytes + growthBytes <= (memberBytes > largeMemberBytes ? largeMembersMax : subscribedBytesMax)
}

export interface SizedReport {
  readonly report: GroupReport
  readonly size: GroupSize
}

export interface FittedReports {
  readonly reports: GroupReport[]
  /** Groups that are not in it: they are assigned by their coordinator alone. */
  readonly leftOut: number
  /** Groups that are in it without what their members have now: Castle decides for them, but from nothing. */
  readonly withoutTarget: number
}

/** As many as one report may hold; groups with members first, because others need nothing from Castle. */
export function fitReports(all: readonly SizedReport[]): FittedReports {
  const reports: GroupReport[] = []
  let subscribedBytes = 0
  let targetBytes = 0
  let withoutTarget = 0
  const inOrder = [...all.filter(hasMembers), ...all.filter((sized) => !hasMembers(sized))]
  for (const { report, size } of inOrder) {
    if (reports.length === reportedGroupsMax || subscribedBytes + size.subscribedBytes > subscribedBytesMax) continue
    subscribedBytes += size.subscribedBytes
    if (targetBytes + size.targetBytes <= targetBytesMax) {
      targetBytes += size.targetBytes
      reports.push(report)
      continue
    }
    withoutTarget++
    reports.push({ ...report, members: report.members.map((member) => ({ ...member, target: {} })) })
  }
  return { reports, leftOut: all.length - reports.length, withoutTarget }
}

function hasMembers({ report }: SizedReport): boolean {
  return report.members.length > 0
}
