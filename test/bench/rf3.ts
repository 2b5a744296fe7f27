// What three replicas cost at Ack -1: Kafka's producer tool against our three brokers, and against three of Apache Kafka, in turns
// (A B A B), with messages of 1 KiB and of 100 bytes. CPU is of all three brokers, per gigabyte of the producer's bytes: on a small
// machine the Java producer takes so much of it that messages a second say less about the brokers.
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { cpuSeconds, runProducer } from '../clients/apache-kafka/index.ts'
import { type BenchCluster, brokerIds, startCastellan, startKafka } from './clusters.ts'
import { compare, gigabytes, type Load, type Measured, mayCompare } from './comparing.ts'
import { quantile } from './pauses.ts'

/** Options: --megabytes N (of a run of 1 KiB), --rounds N, --warm-up N (rounds that do not count), --sizes 1024,100, --partitions N, --rf N. */
export async function rf3(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      megabytes: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '1' },
      sizes: { type: 'string', default: '1024,100' },
      partitions: { type: 'string', default: '6' },
      rf: { type: 'string', default: '3' },
    },
  })
  if (!mayCompare()) return
  const shape = { partitions: Number(values.partitions), replicationFactor: Number(values.rf) }
  const rounds = { rounds: Number(values.rounds), warmUp: Number(values['warm-up']) }
  const clusters: BenchCluster[] = []
  try {
    clusters.push(await startCastellan(), await startKafka())
    for (const recordBytes of values.sizes.split(',').map(Number)) {
      // A small record costs more than its bytes: fewer bytes make a run as long.
      const megabytes = Number(values.megabytes) * (recordBytes < 500 ? 0.3 : 1)
      const load = { recordBytes, records: Math.round((megabytes * 1e6) / recordBytes) }
      const measured = await compare(clusters, rounds, (cluster, run) =>
        measure(cluster, `rf3-${recordBytes}-${run}`, shape, load),
      )
      summarize(measured, load, shape)
    }
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
  }
}

interface Shape {
  readonly partitions: number
  readonly replicationFactor: number
}

/** One run into a topic of its own, which is deleted after it. */
async function measure(cluster: BenchCluster, topic: string, shape: Shape, load: Load): Promise<Measured> {
  await cluster.makeTopic({ name: topic, ...shape, ackLevel: -1 })
  const cpu = () => brokerIds.reduce((sum, id) => sum + cpuSeconds(cluster.pid(id)), 0)
  const before = cpu()
  const produced = await runProducer({ bootstrap: cluster.bootstrap, topic, ...load, settings: { acks: 'all' } })
  const cpuSecondsPerGB = (cpu() - before) / gigabytes(load)
  await deleteTopic(cluster.bootstrap, topic)
  return { produced, cpuSecondsPerGB }
}

async function deleteTopic(bootstrap: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.deleteTopics({ topics: [topic] })
  } finally {
    await admin.disconnect()
  }
}

function summarize(measured: ReadonlyMap<BenchCluster, readonly Measured[]>, load: Load, shape: Shape): void {
  const { partitions, replicationFactor } = shape
  console.log(
    `\nmedians of ${load.records} records of ${load.recordBytes} bytes, RF ${replicationFactor}, acks=all, ${partitions} partitions`,
  )
  const [ours, kafka] = [...measured].map(([{ name }, runs]) => {
    const cpuSecondsPerGB = quantile(
      runs.map((run) => run.cpuSecondsPerGB),
      0.5,
    )
    const perSecond = quantile(
      runs.map((run) => run.produced.recordsPerSecond),
      0.5,
    )
    console.log(
      `${name.padEnd(12)}  ${Math.round(perSecond / 1000)} k records/s  brokers ${cpuSecondsPerGB.toFixed(2)} CPU s/GB`,
    )
    return { cpuSecondsPerGB, perSecond }
  })
  const ratio = (a: number, b: number) => (a / b).toFixed(2)
  console.log(
    `Castellan to Apache Kafka: ${ratio(ours!.perSecond, kafka!.perSecond)} of the records/s, ${ratio(ours!.cpuSecondsPerGB, kafka!.cpuSecondsPerGB)} of the brokers' CPU\n`,
  )
}
