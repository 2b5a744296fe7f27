import type { History, Verdict } from './history.ts'
import { checkProgress } from './progress.ts'
import { checkLosses, checkLost } from './r1-lost.ts'
import { checkAgree, checkEnds } from './r3-agree.ts'
import { checkOrder } from './r4-order.ts'
import { checkLeaders, checkLogs, checkReplicas } from './r5-logs.ts'
import { checkCommits, checkOwners } from './s3-owners.ts'

export * from './history.ts'
export { Recorder } from './recorder.ts'

/** Every promise that a history can show to be broken. */
export function checkAll(history: History): Verdict[] {
  return [
    checkLost(history, -1),
    checkLost(history, 1),
    checkLosses(history),
    checkAgree(history),
    checkEnds(history),
    checkOrder(history),
    checkLeaders(history),
    checkReplicas(history),
    checkLogs(history),
    checkOwners(history),
    checkCommits(history),
    checkProgress(history),
  ]
}
