// What a broker spends on a produced gigabyte, ours beside Apache Kafka: the same tool sends to each in turns (A B A B).
//
// The Java producer needs more of a small machine than either broker, so its throughput says little about them:
// compare CPU seconds per GB (performance.md).
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { ApacheKafka, runProducer, withCpuSeconds } from '../clients/apache-kafka/index.ts'
import { startPlatform } from '../processes/index.ts'
import { compare, gigabytes, type Load, line, type Measured, mayCompare } from './comparing.ts'

interface Peer {
  readonly name: string
  readonly bootstrap: string
  readonly pid: number
  stop(): Promise<void>
}

/** Options: --records N (of each run), --size BYTES, --rounds N, --warm-up N (rounds that are not counted). */
export async function produceCpu(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      records: { type: 'string', default: '2000000' },
      size: { type: 'string', default: '1024' },
      rounds: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '2' },
    },
  })
  if (!mayCompare()) return
  const load = { records: positive(values.records), recordBytes: positive(values.size) }
  const rounds = { rounds: positive(values.rounds), warmUp: Number(values['warm-up']) }
  const peers: Peer[] = []
  try {
    peers.push(await startKafka(), await startCastellan())
    const measured = await compare(peers, rounds, (peer, run) => measure(peer, `bench-${run}`, load))
    summarize(peers, measured, load)
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
  }
}

async function startKafka(): Promise<Peer> {
  // Removed topics free their pages before the next run.
  const settings = { 'log.segment.delete.delay.ms': '1000' }
  const kafka = await ApacheKafka.start({ heapMiB: 1024, settings })
  return { name: 'Apache Kafka', bootstrap: kafka.bootstrap, pid: kafka.pid, stop: () => kafka.stop() }
}

async function startCastellan(): Promise<Peer> {
  const platform = await startPlatform({ brokers: 1 })
  const { pid } = platform.process('broker-1')
  return { name: 'Castellan', bootstrap: platform.bootstrap, pid, stop: () => platform.stop() }
}

/** One run into a topic of its own. */
async function measure(peer: Peer, topic: string, load: Load): Promise<Measured> {
  const admin = new Kafka({ brokers: [peer.bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true })
    const run = { bootstrap: peer.bootstrap, topic, ...load, settings: { acks: '1' } }
    const { result: produced, cpuSeconds } = await withCpuSeconds(peer.pid, () => runProducer(run))
    await admin.deleteTopics({ topics: [topic] })
    return { produced, cpuSecondsPerGB: cpuSeconds / gigabytes(load) }
  } finally {
    await admin.disconnect()
  }
}

function summarize(peers: readonly Peer[], measured: ReadonlyMap<Peer, readonly Measured[]>, load: Load): void {
  console.log(`\nmedians of ${load.records} records of ${load.recordBytes} bytes, acks=1, one partition`)
  const medians = peers.map((peer) => median(measured.get(peer)!))
  for (const [index, peer] of peers.entries()) console.log(line(peer.name, medians[index]!))
  const [kafka, castellan] = medians
  console.log(
    `broker CPU s/GB, Castellan to Apache Kafka: ${(castellan!.cpuSecondsPerGB / kafka!.cpuSecondsPerGB).toFixed(2)}`,
  )
}

/** The run in the middle by CPU; of an even number the cheaper one. */
function median(runs: readonly Measured[]): Measured {
  return [...runs].sort((a, b) => a.cpuSecondsPerGB - b.cpuSecondsPerGB)[(runs.length - 1) >> 1]!
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} must be a whole number of 1 or more`)
  return value
}
