// S3: at most one member of a group processes a partition at a time, assignment epochs rise, and commits never go back.
import { firstLost } from './excuses.ts'
import { type Commit, describe, groupBy, type Handled, type History, type Verdict, verdict } from './history.ts'

export function checkOwners(history: History): Verdict {
  const violations: string[] = []
  for (const [where, handled] of groupBy(history.handled, ({ group, partition }) => `${group} of ${partition}`)) {
    violations.push(...overlaps(history, where, handled))
  }
  return verdict('S3 one owner at a time', history.handled.length, violations)
}

function overlaps(history: History, where: string, handled: readonly Handled[]): string[] {
  const violations: string[] = []
  let running: Handled | null = null
  for (const next of [...handled].sort((a, b) => a.startMs - b.startMs)) {
    if (
      running !== null &&
      running.member !== next.member &&
      !afterCoordinatorLoss(history, next.group, next.startMs)
    ) {
      const when = next.startMs.toFixed(1)
      if (endOf(running) > next.startMs && !isStalled(history, running.member, next.startMs)) {
        const what = `${next.member} began ${describe(next)} at ${when}`
        violations.push(`${where}: ${what} while ${running.member} worked on ${describe(running)}`)
      }
      if (next.epoch < running.epoch) {
        violations.push(`${where}: epoch ${next.epoch} of ${next.member} after ${running.epoch} of ${running.member}`)
      }
    }
    if (running === null || endOf(next) >= endOf(running)) running = next
  }
  return violations
}

/** Its session runs out meanwhile, and another works: it finds that out, and stops, when it goes on. */
function isStalled({ stalls }: History, member: string, atMs: number): boolean {
  return stalls.some((stall) => stall.member === member && stall.fromMs <= atMs && atMs <= stall.untilMs)
}

/** What never ended runs on. */
function endOf(handled: Handled): number {
  return handled.endMs ?? Number.POSITIVE_INFINITY
}

export function checkCommits(history: History): Verdict {
  const violations: string[] = []
  for (const [where, commits] of groupBy(history.commits, ({ group, partition }) => `${group} of ${partition}`)) {
    let before: Commit | null = null
    for (const commit of commits) {
      if (before !== null && commit.offset < before.offset && !mayGoBack(history, before, commit)) {
        violations.push(`${where}: committed ${commit.offset} at ${commit.atMs.toFixed(0)} ms, after ${before.offset}`)
      }
      before = commit
    }
  }
  return verdict('commits never go back', history.commits.length, violations)
}

/** An observation may be this old when it is noted. */
const observationMs = 2_000

/**
 * Between the two a coordinator forgot the first, or the records that it spoke of were lost. Soon after such a loss epochs count anew,
 * and a late commit of an old epoch may pass for one of the new.
 */
function mayGoBack(history: History, before: Commit, after: Commit): boolean {
  const isBetween = (atMs: number) => atMs >= before.atMs - observationMs && atMs <= after.atMs
  const ofGroup = history.coordinatorLosses.filter(({ group }) => group === after.group)
  if (ofGroup.some(({ atMs }) => isBetween(atMs))) return true
  if (afterCoordinatorLoss(history, after.group, after.atMs)) return true
  // The commit may outlive the records that it speaks of, until its group finds that they are gone.
  const { losses } = history
  return losses.some((loss) => {
    return loss.partition === after.partition && loss.atMs <= after.atMs && firstLost(history, loss) < before.offset
  })
}

function afterCoordinatorLoss(history: History, group: string, atMs: number): boolean {
  return history.coordinatorLosses.some((loss) => loss.group === group && atMs >= loss.atMs && atMs <= loss.untilMs)
}
