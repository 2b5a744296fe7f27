// One run of one seed: a platform starts, services use it, faults happen, end, and the checkers read what was seen.
import { Scheduler } from '@castellan/testing/simulator'
import { type Acknowledged, checkAll, describe, type Verdict } from '../checkers/index.ts'
import { Cluster, topic } from './cluster.ts'
import { type FaultKind, planFaults } from './faults.ts'
import { readLogs, watchCommits } from './observer.ts'

export interface RunOptions {
  /** At least so long, and until everything is done. */
  readonly runMs: number
  readonly messages: number
  readonly faults: number
  readonly keepTrace?: boolean
}

export interface RunResult {
  readonly seed: number
  readonly simulatedMs: number
  readonly events: number
  readonly acknowledged: readonly Acknowledged[]
  readonly handled: number
  /** Sends that ended with an error, and which. */
  readonly failedSends: readonly string[]
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly verdicts: readonly Verdict[]
  readonly traceHash: string
  readonly trace: readonly string[] | null
}

export const ordinary: RunOptions = { runMs: 60_000, messages: 1_000, faults: 10 }

/** Faults begin when all runs, and have all ended after so long; then what is open has `settleMs` to finish. */
const faultSpan = { fromMs: 6_000, untilMs: 45_000 }
const settleMs = 150_000
const quietMs = 25_000

export async function runSeed(seed: number, options: RunOptions = ordinary): Promise<RunResult> {
  const scheduler = new Scheduler(seed, { keepTrace: options.keepTrace ?? false })
  const shape = { partitions: 4, messages: options.messages, keys: 12 }
  const cluster = new Cluster(scheduler, shape)
  await start(cluster)

  for (const fault of planFaults(scheduler.random.fork(), options.faults, faultSpan.fromMs, faultSpan.untilMs)) {
    scheduler.at(fault.atMs - scheduler.nowMs, () => cluster.inject(fault))
  }
  const observer = cluster.observerMachine.boot()
  void watchCommits(cluster, observer.runtime)
  await scheduler.run(Math.max(options.runMs, faultSpan.untilMs))
  const { recorder } = cluster
  await scheduler.run(scheduler.nowMs + settleMs, () => isDone(cluster))
  // What was handled last is still to be committed and seen.
  await scheduler.run(scheduler.nowMs + 5_000)
  recorder.stored = await within(scheduler, 60_000, readLogs(cluster, observer.runtime))
  return {
    seed,
    simulatedMs: scheduler.nowMs,
    events: scheduler.eventsRun,
    acknowledged: recorder.acknowledged,
    handled: recorder.distinctHandled,
    failedSends: recorder.failed.map((message) => `${describe(message)}: ${messageOf(message.error)}`),
    faults: cluster.faultCounts,
    verdicts: checkAll(recorder.history()),
    traceHash: scheduler.traceHash(),
    trace: scheduler.lines,
  }
}

/** All processes at once, as in production; the topic as soon as Castle and the brokers are there. */
async function start(cluster: Cluster): Promise<void> {
  const { scheduler } = cluster
  cluster.startCastle()
  for (const id of cluster.brokerMachines.keys()) cluster.startBroker(id)
  cluster.startProducer()
  cluster.startConsumer(0)
  cluster.startConsumer(1)
  await scheduler.run(20_000, () => cluster.isUp)
  const { castle } = cluster
  if (!castle) throw new Error('Castle did not start')
  await within(
    scheduler,
    5_000,
    castle.createTopic({ cluster: 'default', name: topic, partitions: cluster.shape.partitions, ackLevel: -1 }),
  )
}

/** All is acknowledged and handled; where a power loss took messages, nothing has happened for a good while. */
function isDone({ recorder, scheduler, shape }: Cluster): boolean {
  if (recorder.acknowledged.length < shape.messages) return false
  if (recorder.distinctHandled === shape.messages) return true
  const lastMs = recorder.handled.at(-1)?.startMs ?? 0
  return recorder.losses.length > 0 && scheduler.nowMs - lastMs > quietMs
}

/** Runs the simulation until a promise of somebody outside it is settled. */
async function within<T>(scheduler: Scheduler, limitMs: number, promise: Promise<T>): Promise<T> {
  let settled = false
  const mark = () => {
    settled = true
  }
  promise.then(mark, mark)
  if (!(await scheduler.run(scheduler.nowMs + limitMs, () => settled)))
    throw new Error(`not done after ${limitMs} simulated ms`)
  return promise
}

/** What a person needs to see when a run failed. */
export function explain(result: RunResult): string {
  const broken = result.verdicts.filter((verdict) => verdict.outcome !== 'valid')
  return [
    `seed ${result.seed} (again: npm run simulate -- --seed ${result.seed} --trace)`,
    ...result.failedSends.slice(0, 10).map((line) => `send failed: ${line}`),
    ...broken.flatMap(({ promise, outcome, violations }) => [
      `${promise}: ${outcome}`,
      ...violations.map((line) => `  ${line}`),
    ]),
  ].join('\n')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
