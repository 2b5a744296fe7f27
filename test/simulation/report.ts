// What many seeds came to: how fast they ran, which faults and branches they had, and which of them failed.
import { rareBranches } from './branches.ts'
import { faultNames } from './faults.ts'
import { explain, hasFailed, type RunResult } from './run.ts'

export class Report {
  readonly #counts = new Map<string, number>()
  readonly failed: RunResult[] = []
  seeds = 0
  simulatedMs = 0
  cpuMs = 0
  acknowledged = 0

  add(result: RunResult): void {
    this.seeds += 1
    this.simulatedMs += result.simulatedMs
    this.cpuMs += result.cpuMs
    this.acknowledged += result.acknowledged
    for (const [what, times] of result.counts) this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
    if (hasFailed(result)) this.failed.push(result)
  }

  times(what: string): number {
    return this.#counts.get(what) ?? 0
  }

  get faultsThatNeverHappened(): string[] {
    return faultNames.filter((kind) => this.times(`fault: ${kind}`) === 0)
  }

  get branchesNeverTaken(): string[] {
    return rareBranches.filter((branch) => this.times(branch) === 0)
  }

  /** One line. */
  get summary(): string {
    const hours = (this.simulatedMs / 3_600_000).toFixed(2)
    const speed = (this.simulatedMs / Math.max(1, this.cpuMs)).toFixed(0)
    return `${this.seeds} seeds, ${hours} simulated hours, ${this.acknowledged} messages acknowledged, ${speed} simulated seconds per second of a core, ${this.failed.length} failed`
  }

  /** Lines for a person. */
  details(): string[] {
    const faults = faultNames.map((kind) => `${kind} ${this.times(`fault: ${kind}`)}`)
    const others = [...this.#counts]
      .filter(([what]) => !what.startsWith('fault: '))
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const missing = [...this.faultsThatNeverHappened, ...this.branchesNeverTaken]
    return [
      `faults: ${faults.join(', ')}`,
      'branches:',
      ...others.map(([what, times]) => `  ${times} × ${what}`),
      missing.length === 0 ? 'every fault and every rare branch happened' : `never happened: ${missing.join(', ')}`,
      ...this.failed.map(explain),
    ]
  }
}
