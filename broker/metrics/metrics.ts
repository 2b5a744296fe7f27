// A broker's counters and gauges as Prometheus reads them. The broker counts in plain numbers; they are read here, when
// somebody asks, so that a request costs nothing for being counted.
import { errorOf } from '@castellan/protocol'
import { holdBoundsMs, type LoopWatch } from '@castellan/protocol/runtime'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Broker } from '../broker.ts'
import { handlers } from '../handlers/index.ts'
import { durationBoundsMs } from './counters.ts'

const labelNames = ['api', 'error', 'from', 'le', 'outcome', 'partition', 'topic'] as const

interface Sample {
  readonly value: number
  readonly labels?: Partial<Record<(typeof labelNames)[number], string | number>>
}

export class BrokerMetrics {
  readonly #registry = new Registry()
  readonly contentType = this.#registry.contentType

  constructor(broker: Broker, loop: LoopWatch) {
    collectDefaultMetrics({ register: this.#registry })
    this.#traffic(broker)
    this.#requests(broker)
    this.#logs(broker)
    this.#process(broker)
    this.#loop(loop)
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  close(): void {
    this.#registry.clear()
  }

  #traffic({ counters, server }: Broker): void {
    this.#counter('castellan_broker_bytes_in_total', 'Bytes read from clients.', () => counters.bytesIn)
    this.#counter('castellan_broker_bytes_out_total', 'Bytes sent to clients.', () => counters.bytesOut)
    this.#gauge('castellan_broker_connections', 'Connections now.', () => server.connections)
    this.#counter('castellan_broker_connections_total', 'Connections by what became of them at once.', () => [
      { value: counters.connectionsAccepted, labels: { outcome: 'accepted' } },
      { value: counters.connectionsRefused, labels: { outcome: 'refused' } },
    ])
    this.#counter(
      'castellan_broker_connections_idle_total',
      'Connections closed for being idle.',
      () => counters.connectionsIdle,
    )
    this.#counter(
      'castellan_broker_malformed_frames_total',
      'Frames that were no request.',
      () => counters.malformedFrames,
    )
    this.#counter(
      'castellan_broker_handler_failures_total',
      'Requests whose handler failed: bugs.',
      () => counters.failures,
    )
    this.#counter(
      'castellan_broker_connections_stalled_total',
      'Connections closed for not sending on what others waited for.',
      () => counters.connectionsStalled,
    )
    this.#gauge(
      'castellan_broker_request_slabs_bytes',
      'Memory that holds requests, also those answered whose batches are kept as recent ones.',
      () => server.slabs.usedBytes,
    )
    this.#gauge(
      'castellan_broker_request_memory_bytes',
      'Memory of requests that are half read or not answered; at most queued.max.request.bytes.',
      () => server.memory.usedBytes,
    )
    this.#gauge(
      'castellan_broker_request_memory_waiting_connections',
      'Connections that are not read from until there is memory for their requests.',
      () => server.memory.waiting,
    )
    this.#gauge(
      'castellan_broker_response_memory_bytes',
      'Memory of answers that were read from files and have not left; at most queued.max.response.bytes.',
      () => server.parts.responseMemory.usedBytes,
    )
    this.#gauge(
      'castellan_broker_response_memory_waiting_fetches',
      'Fetches that wait until there is memory for what they read from files.',
      () => server.parts.responseMemory.waiting,
    )
  }

  #requests({ counters }: Broker): void {
    const names = new Map(handlers.map(({ api }) => [api.key, api.name]))
    const nameOf = (key: number) => names.get(key) ?? String(key)
    const all = () => [...counters.apis].map(([key, api]) => ({ api: nameOf(key), ...api }))
    this.#counter('castellan_broker_requests_total', 'Requests.', () =>
      all().map(({ api, requests }) => ({ value: requests, labels: { api } })),
    )
    this.#counter(
      'castellan_broker_request_errors_total',
      'Partitions, topics or requests answered with an error.',
      () =>
        all().flatMap(({ api, errors }) =>
          [...errors].map(([code, value]) => ({ value, labels: { api, error: errorOf(code).name } })),
        ),
    )
    // prom-client's histograms observe single values, and these were counted by bucket already: hence the parts of one.
    this.#counter('castellan_broker_request_seconds_bucket', 'Requests answered within so many seconds.', () =>
      all().flatMap(({ api, durations }) =>
        cumulative(durations, durationBoundsMs).map(({ value, labels }) => ({ value, labels: { api, ...labels } })),
      ),
    )
    this.#counter('castellan_broker_request_seconds_sum', 'Seconds of all requests together.', () =>
      all().map(({ api, durationSumMs }) => ({ value: durationSumMs / 1000, labels: { api } })),
    )
  }

  #logs({ partitions }: Broker): void {
    const log = () => partitions.metrics
    const each = () =>
      [...partitions.all()].map((partition) => ({
        partition,
        labels: { topic: partition.topic, partition: partition.index },
      }))
    this.#counter('castellan_broker_appended_bytes_total', 'Bytes of batches appended.', () => log().appendedBytes)
    this.#counter('castellan_broker_appended_batches_total', 'Batches appended.', () => log().appendedBatches)
    this.#counter('castellan_broker_log_writes_total', 'Calls that wrote to logs.', () => log().writes)
    this.#counter('castellan_broker_log_failed_writes_total', 'Writes that the disk refused.', () => log().failedWrites)
    this.#counter('castellan_broker_read_bytes_total', 'Bytes of batches read, by where from.', () => [
      { value: log().readMemoryBytes, labels: { from: 'memory' } },
      { value: log().readFileBytes, labels: { from: 'file' } },
    ])
    this.#gauge(
      'castellan_broker_log_longest_write_seconds',
      'The longest write to a log since the last look: on the loop, everything waits for it.',
      () => partitions.takeLongestWriteMs() / 1000,
    )
    this.#counter(
      'castellan_broker_log_writes_off_loop_total',
      'Calls that wrote to logs off the event loop, for the disk was slow.',
      () => log().writesOffLoop,
    )
    this.#counter(
      'castellan_broker_log_slow_writes_total',
      'Writes to logs that took far longer than memory does.',
      () => log().slowWrites,
    )
    this.#counter(
      'castellan_broker_log_left_loop_total',
      'Times that a slow disk drove the writes from the event loop.',
      () => log().leftLoop,
    )
    this.#gauge(
      'castellan_broker_log_write_path_async',
      'Whether logs are written off the event loop now, for the disk is slow.',
      () => (partitions.writePath.path === 'async' ? 1 : 0),
    )
    this.#counter('castellan_broker_log_syncs_total', 'Times that a log was forced to disk.', () => log().syncs)
    this.#counter('castellan_broker_log_cut_bytes_total', 'Torn tails cut off by recovery.', () => log().cutBytes)
    this.#counter(
      'castellan_broker_log_scrubbed_bytes_total',
      'Bytes read again and checked.',
      () => log().scrubbedBytes,
    )
    this.#gauge('castellan_broker_log_cache_bytes', 'Memory for recent batches.', () => log().cacheBytes)
    this.#gauge('castellan_broker_log_open_files', 'Files of logs held open.', () => log().openFiles)
    this.#gauge('castellan_broker_partition_start_offset', 'First offset that can be read.', () =>
      each().map(({ partition, labels }) => ({ value: partition.startOffset, labels })),
    )
    this.#gauge('castellan_broker_partition_end_offset', 'One past the last offset written.', () =>
      each().map(({ partition, labels }) => ({ value: partition.endOffset, labels })),
    )
    this.#gauge('castellan_broker_partition_high_watermark', 'Readers see what is below it.', () =>
      each().map(({ partition, labels }) => ({ value: partition.highWatermark, labels })),
    )
    this.#gauge(
      'castellan_broker_partition_leader_epoch',
      'At which this broker leads it; not of those it does not lead.',
      () =>
        each()
          .filter(({ partition }) => partition.isLeader)
          .map(({ partition, labels }) => ({ value: partition.leaderEpoch, labels })),
    )
    this.#gauge('castellan_broker_partition_bytes', 'Bytes of its segments.', () =>
      each().map(({ partition, labels }) => ({ value: partition.bytes, labels })),
    )
    this.#gauge(
      'castellan_broker_partitions_led',
      'Partitions that this broker leads.',
      () => each().filter(({ partition }) => partition.isLeader).length,
    )
    this.#gauge(
      'castellan_broker_partition_faults',
      'Logs out of use.',
      () => partitions.reports().filter(({ fault }) => fault !== null).length,
    )
  }

  #process({ castle, coordinator }: Broker): void {
    this.#gauge('castellan_broker_castle_connected', 'Whether Castle answers.', () => (castle.connected ? 1 : 0))
    this.#gauge(
      'castellan_broker_groups',
      'Consumer groups that this broker coordinates.',
      () => coordinator.reports().length,
    )
  }

  /** Nothing is answered while the loop is held, no heartbeat either. */
  #loop(loop: LoopWatch): void {
    this.#gauge(
      'castellan_broker_loop_longest_block_seconds',
      'The longest block of the event loop since the last look.',
      () => loop.takeLongestMs() / 1000,
    )
    this.#counter(
      'castellan_broker_loop_block_seconds_bucket',
      'Seconds of the clock in which no block of the event loop was longer.',
      () => cumulative(loop.counts, holdBoundsMs),
    )
    this.#counter(
      'castellan_broker_loop_block_seconds_sum',
      'The longest block of each second, all together.',
      () => loop.sumMs / 1000,
    )
  }

  #counter(name: string, help: string, read: () => number | Sample[]): void {
    const metric = new Counter({ name, help, labelNames, registers: [this.#registry], collect: () => collect() })
    const collect = () => {
      metric.reset()
      for (const { value, labels = {} } of samplesOf(read())) metric.inc(labels, value)
    }
  }

  #gauge(name: string, help: string, read: () => number | Sample[]): void {
    const metric = new Gauge({ name, help, labelNames, registers: [this.#registry], collect: () => collect() })
    const collect = () => {
      metric.reset()
      for (const { value, labels = {} } of samplesOf(read())) metric.set(labels, value)
    }
  }
}

/** Counts by bucket, as a histogram of Prometheus has them. */
function cumulative(counts: readonly number[], boundsMs: readonly number[]): Sample[] {
  let sum = 0
  return counts.map((count, index) => {
    sum += count
    const bound = boundsMs[index]
    return { value: sum, labels: { le: bound === undefined ? '+Inf' : String(bound / 1000) } }
  })
}

function samplesOf(read: number | Sample[]): Sample[] {
  return typeof read === 'number' ? [{ value: read }] : read
}
