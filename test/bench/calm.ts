// That load alone alarms nobody: three brokers under all the load that Kafka's producer tool makes, with retention and scrubbing at work
// all the time. A leader or an ISR that changed meanwhile is a false alarm. Reported beside it: how long any process held its loop.
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { javaMissing, type ProduceResult, runProducer } from '../clients/apache-kafka/index.ts'
import { makeTopic } from '../clients/topics.ts'
import { startPlatform, type TestPlatform } from '../processes/index.ts'
import { quantile } from './pauses.ts'

/** Old data goes all the time, and what stays is read again all the time. */
const brokerArgs = [
  ...['--metrics.listen', '127.0.0.1:0'],
  ...['--log.retention.check.interval.ms', '2000'],
  ...['--log.scrub.interval.ms', '10000'],
  ...['--log.scrub.bytes.per.second', String(32 * 2 ** 20)],
]
const configs = { 'segment.bytes': String(16 * 2 ** 20), 'retention.bytes': String(128 * 2 ** 20) }
const partitions = 12
const alarms = [
  'castellan_castle_leader_changes_total',
  'castellan_castle_isr_shrinks_total',
  'castellan_castle_isr_expansions_total',
]

interface Topic {
  readonly name: string
  readonly ackLevel: -1 | 1
  readonly recordBytes: number
  /** Of one run of the tool: seconds, then it starts again. */
  readonly records: number
}

const topics: readonly Topic[] = [
  { name: 'calm-safe', ackLevel: -1, recordBytes: 1024, records: 200_000 },
  { name: 'calm-fast', ackLevel: 1, recordBytes: 100, records: 1_000_000 },
]

/** Option: --minutes N. The exit code is 1 when there was a false alarm. */
export async function calm(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { minutes: { type: 'string', default: '10' } } })
  const missing = javaMissing()
  if (missing !== undefined) {
    console.error(`${missing}: install them and run this again`)
    process.exitCode = 1
    return
  }
  console.log(`load average before: ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores`)
  const platform = await startPlatform({ brokers: 3, brokerArgs })
  try {
    for (const { name, ackLevel } of topics) {
      await makeTopic(platform.castle, { name, ackLevel, partitions, replicationFactor: 3, configs })
    }
    await sleep(3_000) // the ISRs fill, and the preferred replicas lead
    await underLoad(platform, Number(values.minutes) * 60_000)
  } finally {
    await platform.stop()
  }
}

async function underLoad(platform: TestPlatform, forMs: number): Promise<void> {
  const before = await alarmsOf(platform)
  const blocks = new Map<string, number[]>()
  const untilMs = performance.now() + forMs
  const isOver = () => performance.now() >= untilMs
  const [runs] = await Promise.all([
    Promise.all(topics.map((topic) => produce(platform.bootstrap, topic, isOver))),
    watchLoops(platform, blocks, isOver),
  ])
  const after = await alarmsOf(platform)
  for (const [index, { name, ackLevel, recordBytes }] of topics.entries()) {
    const records = runs[index]!.reduce((sum, run) => sum + run.records, 0)
    const perSecond = records / (forMs / 1000) / 1000
    const worstMs = Math.max(...runs[index]!.map((run) => run.maxMs))
    console.log(`${name} (Ack ${ackLevel}, ${recordBytes} B): ${perSecond.toFixed(1)} k records/s, worst ${worstMs} ms`)
  }
  for (const [name, seconds] of blocks) {
    const [median, worst] = [quantile(seconds, 0.5), Math.max(...seconds)].map((value) => Math.round(value * 1000))
    console.log(
      `${name.padEnd(9)} longest block of the loop: ${median} ms in the median second, ${worst} ms in the worst`,
    )
  }
  report(before, after)
}

function report(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
  let sum = 0
  for (const [metric, count] of after) {
    const changes = count - before.get(metric)!
    sum += changes
    console.log(`${metric}: ${changes}`)
  }
  console.log(sum === 0 ? 'no leader and no ISR changed' : 'FALSE ALARM: nothing but load was there')
  if (sum > 0) process.exitCode = 1
}

async function produce(bootstrap: string, topic: Topic, isOver: () => boolean): Promise<ProduceResult[]> {
  const settings = { acks: topic.ackLevel === -1 ? 'all' : '1', 'enable.idempotence': String(topic.ackLevel === -1) }
  const runs: ProduceResult[] = []
  while (!isOver()) runs.push(await runProducer({ bootstrap, topic: topic.name, ...topic, settings }))
  return runs
}

/** What Castle counted up to now: changes of leaders, and of ISRs, those that were undone included. */
async function alarmsOf({ castle }: TestPlatform): Promise<Map<string, number>> {
  const text = await metricsAt(castle)
  return new Map(alarms.map((metric) => [metric, sampleOf(text, metric)]))
}

/** The gauges start anew each time they are read. */
async function watchLoops(platform: TestPlatform, blocks: Map<string, number[]>, isOver: () => boolean): Promise<void> {
  const processes = await processesOf(platform)
  while (!isOver()) {
    for (const [name, { url, metric }] of processes) {
      const seconds = sampleOf(await metricsAt(url), metric)
      blocks.set(name, [...(blocks.get(name) ?? []), seconds])
    }
    await sleep(1_000)
  }
}

async function processesOf({ castle }: TestPlatform): Promise<Map<string, { url: string; metric: string }>> {
  const response = await fetch(`${castle}/api/brokers`)
  if (!response.ok) throw new Error(`GET /api/brokers answered ${response.status}`)
  const { items } = (await response.json()) as { items: { id: number; host: string; metricsPort: number }[] }
  const metric = 'castellan_broker_loop_longest_block_seconds'
  return new Map([
    ['castle', { url: castle, metric: 'castellan_castle_loop_longest_block_seconds' }],
    ...items.map(({ id, host, metricsPort }) => {
      return [`broker ${id}`, { url: `http://${host}:${metricsPort}`, metric }] as const
    }),
  ])
}

async function metricsAt(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`)
  if (!response.ok) throw new Error(`GET ${url}/metrics answered ${response.status}`)
  return response.text()
}

function sampleOf(text: string, metric: string): number {
  const value = new RegExp(`^${metric}(?:\\{[^}]*\\})? ([\\d.e+-]+)$`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`there is no ${metric}`)
  return Number(value)
}
