// What `npm run simulate` does once it is told what: seeds on all cores, a line for each, and what they came to.
import { nodeRuntime } from '@castellan/protocol/runtime'
import type { RunOptions } from './options.ts'
import { runSeeds } from './pool.ts'
import { Report } from './report.ts'
import { explain, hasFailed, type RunResult, runSeed } from './run.ts'

export class Session {
  readonly #options: RunOptions
  readonly #report = new Report()
  readonly #clock = nodeRuntime().clock

  constructor(options: RunOptions) {
    this.#options = options
  }

  get hasFailed(): boolean {
    return this.#report.failed.length > 0
  }

  /** Seeds from the first on: so many, or as many as fit into the minutes. */
  async run({ seed, seeds, minutes = 1 }: { seed?: number; seeds?: number; minutes?: number }): Promise<void> {
    const first = seed ?? this.#freshSeed()
    const untilMs = this.#clock.nowMs() + minutes * 60_000
    let next = first
    const more = () => (seeds === undefined ? this.#clock.nowMs() < untilMs : next < first + seeds)
    await runSeeds(
      () => (more() ? next++ : undefined),
      this.#options,
      (result) => this.#note(result),
    )
    for (const line of this.#report.details()) console.log(line)
    console.log(this.#report.summary)
  }

  /** One seed, every event of it. */
  async trace(seed = this.#freshSeed()): Promise<void> {
    const result = await runSeed(seed, { ...this.#options, keepTrace: true })
    for (const line of result.trace ?? []) process.stdout.write(line)
    this.#note(result)
    console.log(explain(result))
    console.log(this.#report.summary)
  }

  #freshSeed(): number {
    return this.#clock.wallMs() % 1_000_000_000
  }

  #note(result: RunResult): void {
    this.#report.add(result)
    const { seed, simulatedMs, events, acknowledged, traceHash } = result
    const outcome = hasFailed(result) ? 'FAILED' : 'good'
    const what = `${(simulatedMs / 1_000).toFixed(0)} s, ${events} events, ${acknowledged} acknowledged`
    console.log(`seed ${seed}: ${what}, ${outcome}, trace ${traceHash.slice(0, 12)}`)
  }
}
