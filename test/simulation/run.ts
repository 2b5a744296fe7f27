// One run of one seed: a platform starts, services use it, faults happen, end, and the checkers read what was seen.
import { Scheduler } from '@castellan/testing/simulator'
import { checkAll, describe, type History, type Verdict } from '../checkers/index.ts'
import { Cluster } from './cluster.ts'
import { planFaults } from './faults.ts'
import { Injector } from './injector.ts'
import { readLogs, readReplicas, watchCommits } from './observer.ts'
import { ordinary, type RunOptions } from './options.ts'
import { Person } from './person.ts'
import { consumers, nameOf } from './topics.ts'

export interface RunResult {
  readonly seed: number
  readonly options: RunOptions
  readonly simulatedMs: number
  /** What the run took of a core. */
  readonly cpuMs: number
  readonly events: number
  readonly acknowledged: number
  readonly handled: number
  /** Sends that ended with an error though their process lived, and which. */
  readonly failedSends: readonly string[]
  readonly verdicts: readonly Verdict[]
  readonly counts: ReadonlyMap<string, number>
  readonly traceHash: string
  readonly trace: readonly string[] | null
}

const startMs = 20_000
/** After the faults, what is open has so long to be done. */
const settleMs = 120_000
const lookEveryMs = 250
const quietMs = 2_000
const snapshotEveryMs = 2_000

export async function runSeed(seed: number, options: RunOptions = ordinary): Promise<RunResult> {
  const cpuBefore = process.threadCpuUsage()
  const scheduler = new Scheduler(seed, { keepTrace: options.keepTrace ?? false })
  const brokers = scheduler.random.chance(0.2) ? 4 : 3
  // Kafka's session outlasts nearly every fault; a short one ends while its member is stalled or cut off.
  const sessionMs = scheduler.random.chance(0.5) ? 10_000 : 2_500
  const shape = { brokers, sessionMs, sendUntilMs: 6_000 + options.faultMs, sendEveryMs: options.sendEveryMs }
  const cluster = new Cluster(scheduler, shape)
  const onRejection = (error: unknown) => {
    scheduler.failure ??= error
  }
  process.on('unhandledRejection', onRejection)
  const trouble = await through(cluster, options).then(() => null, storyOf)
  process.off('unhandledRejection', onRejection)
  cluster.end()
  const { recorder, coverage, network } = cluster
  for (const [what, times] of Object.entries(network.troubles)) coverage.count(`a message was ${what}`, times)
  const { user, system } = process.threadCpuUsage(cpuBefore)
  const ended: Verdict = { promise: 'the run ends', outcome: trouble ? 'invalid' : 'valid', violations: trouble ?? [] }
  return {
    seed,
    options,
    simulatedMs: scheduler.nowMs,
    cpuMs: (user + system) / 1_000,
    events: scheduler.eventsRun,
    acknowledged: recorder.acknowledged.length,
    handled: recorder.handled.length,
    failedSends: recorder.failed
      .filter(({ why }) => why !== 'its process died')
      .map((message) => `${describe(message)}: ${message.why}`),
    verdicts: [ended, cluster.defects.verdict(), ...checkAll(recorder)],
    counts: coverage.all(),
    traceHash: scheduler.traceHash(),
    trace: scheduler.lines,
  }
}

async function through(cluster: Cluster, options: RunOptions): Promise<void> {
  const { scheduler, recorder } = cluster
  const { runtime } = cluster.observerMachine.boot()
  await start(cluster)
  for (const group of new Set(consumers.map((plan) => plan.group))) void watchCommits(cluster, runtime, group)
  const fromMs = scheduler.nowMs + 1_000
  const untilMs = fromMs + options.faultMs
  const person = new Person(cluster)
  const injector = new Injector(cluster, person)
  for (const fault of planFaults(scheduler.random.fork(), options, fromMs, untilMs)) {
    scheduler.at(fault.atMs - scheduler.nowMs, () => injector.inject(fault))
  }
  for (let atMs = 0; atMs < untilMs; atMs += snapshotEveryMs) {
    scheduler.at(atMs, () => cluster.castleWatch.keepSnapshot())
  }
  await scheduler.run(untilMs)
  const endMs = scheduler.nowMs + settleMs
  do {
    while (scheduler.nowMs < endMs && !isDone(cluster)) {
      person.look()
      await scheduler.run(scheduler.nowMs + lookEveryMs)
    }
    // What was handled last is still to be committed and seen. A flipped bit that nobody had read may be found meanwhile: then that is to be mended, too.
    await scheduler.run(scheduler.nowMs + quietMs)
  } while (scheduler.nowMs < endMs && !isDone(cluster))
  recorder.ends.push(...endsOf(cluster))
  await within(scheduler, 60_000, readLogs(cluster, runtime))
  recorder.replicaLogs.push(...readReplicas(cluster))
}

async function start(cluster: Cluster): Promise<void> {
  const { scheduler } = cluster
  cluster.startAll()
  if (!(await scheduler.run(startMs, () => cluster.isUp))) throw new Error('the platform did not start')
  await within(scheduler, startMs, cluster.makeTopics())
}

/** Everything that was sent is settled, and handled, and committed; and every replica is in sync. */
function isDone(cluster: Cluster): boolean {
  const { recorder, scheduler, shape, castleWatch } = cluster
  if (scheduler.nowMs < shape.sendUntilMs + quietMs || recorder.pending > 0 || !cluster.isInSync) return false
  for (const { topicId, name, partitions } of castleWatch.topics.values()) {
    const groups = consumers.filter(({ topics }) => topics.includes(name)).map(({ group }) => group)
    for (const [index, { leader }] of partitions.entries()) {
      const partition = cluster.broker(`broker-${leader}`)?.partitions.get(topicId, index)
      if (partition === undefined || partition.highWatermark < partition.endOffset) return false
      const end = partition.highWatermark
      const at = { end, lastEpoch: partition.epochAt(end - 1) }
      if (!groups.every((group) => recorder.isThrough(group, nameOf(name, index), at))) return false
    }
  }
  return true
}

function endsOf(cluster: Cluster): History['ends'] {
  const topics = [...cluster.castleWatch.topics.values()]
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ leader, replicas, isr }, index) => ({ partition: nameOf(name, index), leader, replicas, isr })),
  )
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

/** An error with all that caused it. */
function storyOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  return [error.stack ?? error.message, ...(error.cause === undefined ? [] : storyOf(error.cause))]
}

export function hasFailed(result: RunResult): boolean {
  return result.failedSends.length > 0 || result.verdicts.some(({ outcome }) => outcome === 'invalid')
}

/** What a person needs to see when a run failed. */
export function explain(result: RunResult): string {
  const broken = result.verdicts.filter((verdict) => verdict.outcome === 'invalid')
  return [
    `seed ${result.seed} (again: npm run simulate -- ${wordsFor(result)} --trace)`,
    ...result.failedSends.slice(0, 10).map((line) => `send failed: ${line}`),
    ...broken.flatMap(({ promise, violations }) => [`${promise}:`, ...violations.map((line) => `  ${line}`)]),
  ].join('\n')
}

/** With other options a seed is another run. */
function wordsFor({ seed, options: { faults, kinds } }: RunResult): string {
  const density = faults === ordinary.faults ? '' : ` --density ${faults}`
  return `--seed ${seed}${density}${kinds === undefined ? '' : ` --faults ${kinds.join(',')}`}`
}
