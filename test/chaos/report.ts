// What a run was, for people.
import { quantile } from '../bench/pauses.ts'
import { faultKinds } from './plan.ts'
import type { ChaosResult } from './run.ts'

export function report(result: ChaosResult): string {
  const { problems, sent, acknowledged, handled, failed, faults, planned, pausesMs, skipped, verdicts } = result
  const lines = [
    `${sent} messages sent, ${acknowledged} acknowledged, ${failed.length} failed, ${handled} handled`,
    `${faults.length} of ${planned} planned faults (they wait until their victims are well); the longest pause of a partition at Ack -1 (SDK) around each, median and worst in ms:`,
  ]
  for (const kind of faultKinds) {
    const pauses = pausesMs.get(kind) ?? []
    const figures = pauses.length > 0 ? ` ${quantile(pauses, 0.5).toFixed(0)} ${Math.max(...pauses).toFixed(0)}` : ''
    lines.push(`  ${kind} ${pauses.length}${figures}`)
  }
  lines.push(...problems.map((what) => `problem: ${what}`))
  lines.push(...skipped.map((what) => `skipped: ${what}`))
  lines.push(...failed.slice(0, 20).map((what) => `send failed: ${what}`))
  for (const { promise, outcome, violations } of verdicts) {
    lines.push(`${outcome === 'invalid' ? '✗' : outcome === 'valid' ? '✓' : '?'} ${promise}: ${outcome}`)
    lines.push(...violations.map((violation) => `    ${violation}`))
  }
  return lines.join('\n')
}
