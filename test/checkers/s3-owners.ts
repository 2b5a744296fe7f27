// S3: at most one member processes a partition at a time, assignment epochs rise, and commits never go back.
import { type Commit, describe, type Handled, type History, type Verdict, verdict } from './history.ts'

export function checkOwners(history: History): Verdict {
  const violations: string[] = []
  for (const [partition, handled] of byPartition(history.handled)) {
    const inOrder = [...handled].sort((a, b) => a.startMs - b.startMs)
    let running: Handled | null = null
    for (const next of inOrder) {
      if (running && running.member !== next.member && endOf(running) > next.startMs) {
        if (!afterCoordinatorLoss(history, next.startMs)) {
          violations.push(
            `partition ${partition}: ${next.member} began ${describe(next)} at ${next.startMs.toFixed(1)} while ${running.member} worked on ${describe(running)}`,
          )
        }
      }
      if (running && running.member !== next.member && next.epoch < running.epoch) {
        if (!afterCoordinatorLoss(history, next.startMs)) {
          violations.push(
            `partition ${partition}: epoch ${next.epoch} of ${next.member} after ${running.epoch} of ${running.member}`,
          )
        }
      }
      if (running === null || endOf(next) >= endOf(running)) running = next
    }
  }
  return verdict('S3 one owner at a time', history.handled.length, violations)
}

/** What never ended runs on. */
function endOf(handled: Handled): number {
  return handled.endMs ?? Number.POSITIVE_INFINITY
}

export function checkCommits(history: History): Verdict {
  const violations: string[] = []
  const committed = new Map<number, Commit>()
  for (const commit of history.commits) {
    const before = committed.get(commit.partition)
    if (before !== undefined && commit.offset < before.offset && !isExcused(history, before, commit)) {
      violations.push(`partition ${commit.partition}: committed ${commit.offset} after ${before.offset}`)
    }
    committed.set(commit.partition, commit)
  }
  return verdict('commits never go back', history.commits.length, violations)
}

/** An observation may be this old when it is noted. */
const observationMs = 2_000

/**
 * Between the two a coordinator forgot the first, or a power loss took the records that it spoke of. Soon after such a loss
 * epochs count anew, and a late commit of an old epoch may pass for one of the new.
 */
function isExcused(history: History, before: Commit, after: Commit): boolean {
  const isBetween = (atMs: number) => atMs >= before.atMs - observationMs && atMs <= after.atMs
  const { coordinatorLosses, losses } = history
  if (coordinatorLosses.some((loss) => isBetween(loss.atMs))) return true
  if (afterCoordinatorLoss(history, after.atMs)) return true
  return losses.some(
    (loss) => loss.partition === after.partition && loss.fromOffset < before.offset && loss.atMs <= after.atMs,
  )
}

function byPartition(handled: readonly Handled[]): Map<number, Handled[]> {
  const groups = new Map<number, Handled[]>()
  for (const one of handled) {
    const group = groups.get(one.partition)
    if (group) group.push(one)
    else groups.set(one.partition, [one])
  }
  return groups
}

function afterCoordinatorLoss(history: History, atMs: number): boolean {
  return history.coordinatorLosses.some((loss) => atMs >= loss.atMs && atMs <= loss.untilMs)
}
