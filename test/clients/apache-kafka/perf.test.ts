// What Apache Kafka's tools print, as we read it.
import { describe, expect, test } from 'vitest'
import { parseConsumer, parseProducer } from './perf.ts'

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
