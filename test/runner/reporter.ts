// Vitest's results for the runner: totals and the names of what failed or was skipped, written to the file that the runner names.
// Tests that never ran count too: a file that cannot be loaded, and an error outside of any test, are failures.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Totals } from './totals.ts'

export interface Report extends Totals {
  skippedTests: string[]
  /** Where known, what each failed of, in a line. */
  failedTests: string[]
}

export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['CASTELLAN_TEST_REPORT']
    if (file !== undefined) writeFileSync(file, JSON.stringify(reportOf(modules, unhandledErrors)))
  }
}

function reportOf(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Report {
  const report: Report = { passed: 0, failed: 0, skipped: 0, skippedTests: [], failedTests: [] }
  const fail = (name: string, errors: readonly unknown[] = []) => {
    report.failed++
    report.failedTests.push(errors.length > 0 ? `${name}: ${firstLine(errors[0])}` : name)
  }
  for (const error of unhandledErrors) fail('outside of any test', [error])
  for (const module of modules) {
    const failedBefore = report.failed
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) fail(nameOf(suite), suite.errors())
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result()
      const name = nameOf(test)
      if (state === 'passed') report.passed++
      else if (state === 'skipped') {
        report.skipped++
        report.skippedTests.push(name)
      } else fail(name, errors)
    }
    // The file itself failed, such as by a hook around all of it, though no single test did.
    if (report.failed === failedBefore && !module.ok()) fail(module.relativeModuleId, module.errors())
  }
  return report
}

function nameOf({ module, fullName }: TestCase | TestSuite): string {
  return `${module.relativeModuleId} > ${fullName}`
}

function firstLine(error: unknown): string {
  const { message } = error as { message?: unknown }
  return String(message ?? error).split('\n', 1)[0] ?? ''
}
