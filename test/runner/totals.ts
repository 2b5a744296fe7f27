// What a run came to: each part (type check, lint, vitest) gives totals, and their sum is the last line of the output.

export interface Totals {
  passed: number
  failed: number
  skipped: number
}

export function sum(parts: readonly Totals[]): Totals {
  const all = { passed: 0, failed: 0, skipped: 0 }
  for (const part of parts) {
    all.passed += part.passed
    all.failed += part.failed
    all.skipped += part.skipped
  }
  return all
}

/** The line that every run ends with. */
export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** A run in which nothing passed tested nothing: that is no success either. */
export function exitCode({ passed, failed }: Totals): 0 | 1 {
  return failed === 0 && passed > 0 ? 0 : 1
}
