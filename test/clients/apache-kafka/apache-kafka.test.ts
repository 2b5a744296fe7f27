// That the helper works, and that Kafka's Java client reads what we build.
import { join } from 'node:path'
import { buildBatch, compressions, iterateRecords, type RecordInput } from '@castellan/protocol/records'
import { describe, expect, test } from 'vitest'
import { needing, root } from '../../processes/index.ts'
import { ApacheKafka, JavaProcess, runConsumer, runProducer, withCpuSeconds } from './index.ts'
import { parseConsumer, parseProducer } from './perf.ts'

const needingKafka = needing('Java', 'Maven')

needingKafka(
  'Apache Kafka starts, takes and gives records, and its tools are understood',
  async () => {
    const kafka = await ApacheKafka.start()
    try {
      const { bootstrap, pid } = kafka
      const run = { bootstrap, topic: 'perf', records: 5_000 }
      const produced = await withCpuSeconds(pid, () =>
        runProducer({ ...run, recordBytes: 100, settings: { acks: '1' } }),
      )
      expect(produced.result).toMatchObject({ records: 5_000, recordsPerSecond: expect.any(Number) })
      expect(produced.cpuSeconds).toBeGreaterThan(0)
      expect(await runConsumer(run)).toMatchObject({ records: 5_000 })
    } finally {
      await kafka.stop()
    }
  },
  300_000,
)

describe('what the tools print', () => {
  test('a producer', () => {
    const output = `1 records sent, 0.2 records/sec (0.00 MB/sec), 1.0 ms avg latency, 1.0 ms max latency.
5000 records sent, 21276.595745 records/sec (2.03 MB/sec), 51.52 ms avg latency, 162.00 ms max latency, 46 ms 50th, 80 ms 95th, 88 ms 99th, 89 ms 99.9th.
`
    expect(parseProducer(output)).toEqual({
      records: 5000,
      recordsPerSecond: 21276.595745,
      megabytesPerSecond: 2.03 * 1.048576,
      meanMs: 51.52,
      p50Ms: 46,
      p99Ms: 88,
      maxMs: 162,
    })
  })

  test('a consumer', () => {
    const output = `WARNING: something
start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2025-11-21 22:46:01:001, 2025-11-21 22:46:01:501, 0.4768, 0.95, 5000, 10000.0, 400, 100, 4.768, 50000.0
`
    expect(parseConsumer(output)).toEqual({
      records: 5000,
      recordsPerSecond: 50_000,
      megabytesPerSecond: 4.768 * 1.048576,
    })
  })

  test('nothing', () => {
    expect(() => parseProducer('Exception in thread "main"')).toThrow('printed no result')
    expect(() => parseConsumer('Exception in thread "main"')).toThrow('printed no result')
  })
})

needingKafka(
  "Kafka's Java client reads our batches, in each compression",
  async () => {
    const records: RecordInput[] = Array.from({ length: 500 }, (_, index) => ({
      timestamp: 1_700_000_000_000 + index * 1_000_003,
      key: index % 3 === 0 ? null : `key-${index}`,
      value: index % 7 === 0 ? null : 'größer ☃ '.repeat(index % 50),
      headers:
        index % 2 === 0
          ? []
          : [
              { key: 'n', value: String(index) },
              { key: 'none', value: null },
            ],
    }))
    const batches = compressions.map((compression) => buildBatch({ records, compression, baseOffset: 2 ** 33 }))
    const file = join(root, 'protocol', 'testdata', 'records', 'Batches.java')
    const input = batches.map(hex).join('\n')
    const output = await new JavaProcess(file, ['read'], { input }).done()
    const read = output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { compression: string; records: unknown; error?: string })
    const expected = [...iterateRecords(batches[0]!, 0)].map(({ headers, key, value, ...record }) => ({
      ...record,
      key: hex(key),
      value: hex(value),
      headers: headers.map((header) => [hex(Buffer.from(header.key)), hex(header.value)]),
    }))
    expect(read.map(({ compression, error }) => error ?? compression)).toEqual(compressions)
    for (const { records } of read) expect(records).toEqual(expected)
  },
  120_000,
)

function hex(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString('hex')
}
