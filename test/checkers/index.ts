import type { History, Verdict } from './history.ts'
import { checkProgress } from './progress.ts'
import { checkLost } from './r1-lost.ts'
import { checkAgree } from './r3-agree.ts'
import { checkOrder } from './r4-order.ts'
import { checkCommits, checkOwners } from './s3-owners.ts'

export * from './history.ts'

/** Every promise that a history can show to be broken. */
export function checkAll(history: History): Verdict[] {
  return [checkLost, checkAgree, checkOrder, checkOwners, checkCommits, checkProgress].map((check) => check(history))
}
