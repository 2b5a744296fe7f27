// Vitest's results for the runner: totals and the names of what was skipped, written to the file that the runner names.
// Tests that never ran count too: a file that cannot be loaded, and an error outside of any test, are failures.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import type { Totals } from './totals.ts'

export interface Report extends Totals {
  skippedTests: string[]
}

export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['CASTELLAN_TEST_REPORT']
    if (file !== undefined) writeFileSync(file, JSON.stringify(reportOf(modules, unhandledErrors.length)))
  }
}

function reportOf(modules: readonly TestModule[], unhandledErrors: number): Report {
  const report: Report = { passed: 0, failed: unhandledErrors, skipped: 0, skippedTests: [] }
  for (const module of modules) {
    let failed = 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') report.passed++
      else if (state === 'skipped') {
        report.skipped++
        report.skippedTests.push(`${module.relativeModuleId} > ${test.fullName}`)
      } else failed++
    }
    // The file itself, or a hook around its tests, failed though no single test did.
    if (failed === 0 && !module.ok()) failed = 1
    report.failed += failed
  }
  return report
}
