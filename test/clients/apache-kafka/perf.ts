// Kafka's own performance tools, against any brokers, and what they print as numbers.
import { JavaProcess } from './java.ts'

export interface ProduceRun {
  readonly bootstrap: string
  readonly topic: string
  readonly records: number
  readonly recordBytes: number
  /** Records per second; without it as fast as it goes. */
  readonly throughput?: number
  /** Producer settings, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface ProduceResult {
  readonly records: number
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const jvm = ['-Xms512m', '-Xmx512m', '-Dlog4j2.level=ERROR']

/** Runs Kafka's ProducerPerformance. Rejects with what it wrote when it fails, or when not all records were sent. */
export async function runProducer(run: ProduceRun): Promise<ProduceResult> {
  const { bootstrap, topic, records, recordBytes, throughput = -1, settings = {} } = run
  const properties = Object.entries({ 'bootstrap.servers': bootstrap, ...settings }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const words = ['--topic', topic, '--num-records', records, '--record-size', recordBytes, '--throughput', throughput]
  const args = [...words.map(String), '--command-property', ...properties]
  const output = await new JavaProcess('org.apache.kafka.tools.ProducerPerformance', args, { jvm }).done()
  const result = parseProducer(output)
  if (result.records !== records) throw new Error(`only ${result.records} of ${records} records were sent:\n${output}`)
  return result
}

/** The last line of its output sums up the run. Its megabytes have 2^20 bytes; ours 10^6. */
export function parseProducer(output: string): ProduceResult {
  const line =
    output
      .trim()
      .split('\n')
      .findLast((line) => line.includes('99th')) ?? ''
  const match =
    /^(\d+) records sent, ([\d.]+) records\/sec \(([\d.]+) MB\/sec\), ([\d.]+) ms avg latency, ([\d.]+) ms max latency, (\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th/.exec(
      line,
    )
  if (match === null) throw new Error(`ProducerPerformance printed no result:\n${output}`)
  const [, records, recordsPerSecond, mebibytes, meanMs, maxMs, p50Ms, , p99Ms] = match.map(Number) as number[] & {
    8: number
  }
  return {
    records: records!,
    recordsPerSecond: recordsPerSecond!,
    megabytesPerSecond: mebibytes! * 1.048576,
    meanMs: meanMs!,
    p50Ms: p50Ms!,
    p99Ms: p99Ms!,
    maxMs: maxMs!,
  }
}

export interface ConsumeRun {
  readonly bootstrap: string
  readonly topic: string
  readonly records: number
  readonly timeoutMs?: number
  /** Consumer settings, by Kafka's names; `group.protocol` is `classic` unless set. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface ConsumeResult {
  readonly records: number
  /** While fetching, without the time to join the group. */
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
}

/** Runs Kafka's ConsumerPerformance. Rejects with what it wrote when it fails, or when fewer records came. */
export async function runConsumer(run: ConsumeRun): Promise<ConsumeResult> {
  const { bootstrap, topic, records, timeoutMs = 10_000, settings = {} } = run
  const words = ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', records, '--timeout', timeoutMs]
  const properties = Object.entries(settings).flatMap(([name, value]) => ['--command-property', `${name}=${value}`])
  const args = [...words.map(String), ...properties]
  const output = await new JavaProcess('org.apache.kafka.tools.ConsumerPerformance', args, { jvm }).done()
  const result = parseConsumer(output)
  if (result.records < records) throw new Error(`only ${result.records} of ${records} records came:\n${output}`)
  return result
}

/** A table with a line of names and a line of values. */
export function parseConsumer(output: string): ConsumeResult {
  const lines = output.trim().split('\n')
  const header = lines.findLastIndex((line) => line.startsWith('start.time'))
  const names = (lines[header] ?? '').split(', ')
  const values = (lines[header + 1] ?? '').split(', ')
  const value = (name: string) => Number(values[names.indexOf(name)])
  const result = {
    records: value('data.consumed.in.nMsg'),
    recordsPerSecond: value('fetch.nMsg.sec'),
    megabytesPerSecond: value('fetch.MB.sec') * 1.048576,
  }
  if (Object.values(result).some(Number.isNaN)) throw new Error(`ConsumerPerformance printed no result:\n${output}`)
  return result
}
