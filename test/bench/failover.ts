// What a producer sees when a broker dies, hangs, or is cut off: for our SDK, Java's client, librdkafka and franz-go, at Ack -1 and 1.
//
// Two producers of a client run steadily, one to a topic of Ack -1, one of Ack 1, each over the leaders of all brokers. A round breaks one
// broker, so it tells two things: the pause of the partitions that this broker led, and of those that it followed. The pause is the longest
// time between two acknowledgements of a partition, from the fault until all partitions go on (only then the broker comes back).
//
// A cluster is well for longer than a moment between two deaths, so a round begins when no leader has changed for a while: as long as the client
// needs to forget the last death (restsMs). With --rest 0 deaths follow each other as fast as the replicas are in sync: that tells what clients
// do to themselves then, and is another figure.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type LoadClient, loadClients, loadMissing } from '../clients/load/index.ts'
import { missingTools } from '../processes/index.ts'
import { type BenchCluster, startCastellan, startKafka } from './clusters.ts'
import { type Pause, Session } from './failover-session.ts'
import { quantile } from './pauses.ts'

const faultNames = ['kill', 'hang', 'cut'] as const
export type FaultName = (typeof faultNames)[number]

/**
 * The SDK and Java's client ask who leads as soon as they need to know. librdkafka waits longer and longer between connections to a broker,
 * up to 10 s, and forgets that only when it made none for 10 s. franz-go asks who leads at most every five seconds, and after the death of a
 * broker once more five seconds later; and a connection whose broker died and came back unnoticed it takes for a good one until it has not
 * used it for 30 seconds: asking on it costs a back-off.
 */
const restsMs: Record<LoadClient, number> = { sdk: 2_000, java: 2_000, librdkafka: 13_000, 'franz-go': 36_000 }

const texts: Record<FaultName, string> = {
  kill: 'kill -9; started again by hand',
  hang: 'SIGSTOP, and SIGCONT when all goes on',
  cut: 'cut off from everyone (network namespaces), healed when all goes on',
}

/**
 * Options: --runs N (rounds of each client and fault), --clients a,b --faults kill,hang,cut --rate N (messages a second of both
 * producers together), --partitions N, --rf N, --rest MS (without a change of leaders before each round; see restsMs), --timeout MS (how long
 * Kafka's clients wait for an answer; by default each as it comes), --kafka (Apache Kafka 4.3 beside it).
 */
export async function failover(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '20' },
      clients: { type: 'string', default: loadClients.join(',') },
      faults: { type: 'string', default: 'kill' },
      rate: { type: 'string', default: '1000' },
      partitions: { type: 'string', default: '6' },
      rf: { type: 'string', default: '3' },
      rest: { type: 'string' },
      timeout: { type: 'string' },
      kafka: { type: 'boolean', default: false },
    },
  })
  const clients = chosen('clients', values.clients, loadClients)
  const faults = chosen('faults', values.faults, faultNames)
  const shape = { partitions: Number(values.partitions), replicationFactor: Number(values.rf) }
  const run = {
    ...shape,
    runs: Number(values.runs),
    perSecond: Number(values.rate),
    restMs: values.rest,
    timeoutMs: values.timeout,
  }
  console.log(`load average before: ${loadavg()[0]!.toFixed(1)} on ${availableParallelism()} cores`)
  console.log(`missing here: ${missingTools().join(', ') || 'nothing'}`)
  const rows: Row[] = []
  try {
    for (const fault of faults) {
      await withCluster(
        () => startCastellan({ cuts: fault === 'cut' }),
        async (cluster) => {
          for (const client of clients) rows.push(...(await measure(cluster, client, fault, run)))
        },
      )
    }
    if (values.kafka) {
      await withCluster(startKafka, async (cluster) => {
        const others = clients.filter((client) => client !== 'sdk')
        for (const client of others)
          rows.push(...(await measure(cluster, client, 'kill', { ...run, runs: Math.min(run.runs, 3) })))
      })
    }
  } finally {
    print(rows)
  }
}

interface Run {
  readonly partitions: number
  readonly replicationFactor: number
  readonly runs: number
  readonly perSecond: number
  /** As --rest said. */
  readonly restMs: string | undefined
  readonly timeoutMs: string | undefined
}

interface Row {
  readonly fault: FaultName
  readonly cluster: string
  readonly client: LoadClient
  readonly acks: -1 | 1
  readonly role: Pause['role']
  readonly pausesMs: readonly number[]
  readonly backMs: readonly number[]
  readonly failed: number
}

async function withCluster(start: () => Promise<BenchCluster>, work: (cluster: BenchCluster) => Promise<void>) {
  const cluster = await start()
  try {
    await work(cluster)
  } finally {
    await cluster.stop()
  }
}

async function measure(cluster: BenchCluster, client: LoadClient, fault: FaultName, run: Run): Promise<Row[]> {
  const missing = loadMissing(client)
  if (missing !== undefined) {
    console.log(`skipped: ${client}: ${missing}`)
    return []
  }
  const session = await Session.start(cluster, client, {
    ...run,
    restMs: Number(run.restMs ?? restsMs[client]),
    timeoutMs: run.timeoutMs === undefined ? undefined : Number(run.timeoutMs),
  })
  const pauses: Pause[] = []
  try {
    for (let round = 0; round < run.runs; round++) {
      const seen = await session.round(fault, round)
      pauses.push(...seen)
      console.log(`${cluster.name} ${client} ${fault} ${round + 1}: ${seen.map(shown).join(', ')}`)
    }
  } finally {
    await session.stop()
  }
  return rowsOf(cluster, client, fault, pauses)
}

function shown({ acks, role, pauseMs, backMs, failed }: Pause): string {
  const misses = failed > 0 ? ` ${failed} FAILED` : ''
  return `Ack ${acks} ${role} ${pauseMs.toFixed(0)} ms (back: ${backMs.toFixed(0)})${misses}`
}

function rowsOf(cluster: BenchCluster, client: LoadClient, fault: FaultName, pauses: readonly Pause[]): Row[] {
  return ([-1, 1] as const).flatMap((acks) =>
    (['leader', 'follower'] as const).map((role) => {
      const of = pauses.filter((pause) => pause.acks === acks && pause.role === role)
      return {
        fault,
        cluster: cluster.name,
        client,
        acks,
        role,
        pausesMs: of.map(({ pauseMs }) => pauseMs),
        backMs: of.map(({ backMs }) => backMs),
        failed: of.reduce((sum, { failed }) => sum + failed, 0),
      }
    }),
  )
}

function print(rows: readonly Row[]): void {
  for (const fault of faultNames) {
    const of = rows.filter((row) => row.fault === fault)
    if (of.length === 0) continue
    console.log(
      `\n${fault}: ${texts[fault]}. Pause of the affected partitions in ms; failed sends of both roles' rounds.`,
    )
    console.log(
      '                           Ack  it was    rounds  median   worst  | at its return: median  worst  failed',
    )
    for (const row of of) console.log(line(row))
  }
}

function line({ cluster, client, acks, role, pausesMs, backMs, failed }: Row): string {
  const figure = (value: number, width: number) => value.toFixed(0).padStart(width)
  return [
    `${cluster} ${client}`.padEnd(26),
    String(acks).padStart(3),
    role.padEnd(8),
    String(pausesMs.length).padStart(6),
    figure(quantile(pausesMs, 0.5), 7),
    figure(Math.max(...pausesMs), 7),
    ` | ${figure(quantile(backMs, 0.5), 21)}`,
    figure(Math.max(...backMs), 6),
    String(failed).padStart(7),
  ].join(' ')
}

function chosen<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  const words = text.split(',')
  const wrong = words.find((word) => !known.includes(word as T))
  if (wrong !== undefined) throw new Error(`--${option}: '${wrong}' is none of ${known.join(', ')}`)
  return words as T[]
}
