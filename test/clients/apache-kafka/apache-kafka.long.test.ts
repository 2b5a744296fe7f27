// That the helper works, and that Kafka's Java client reads what we build.
import { join } from 'node:path'
import { buildBatch, compressions, iterateRecords, type RecordInput } from '@castellan/protocol/records'
import { expect } from 'vitest'
import { needing, root } from '../../processes/index.ts'
import { ApacheKafka, JavaProcess, runConsumer, runProducer, withCpuSeconds } from './index.ts'

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
