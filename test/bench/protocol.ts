// How long the protocol takes on the hot path: node test/bench/protocol.ts
//
// Produce with one batch of 16 KiB and Fetch with one batch of 64 KiB, as a broker sees them (request in, response
// out) and as a client does, beside the same by JSON for scale. The records themselves are never touched.
import { parseArgs } from 'node:util'
import {
  type Api,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequest,
  encodeResponse,
  type FetchRequest,
  type Fields,
  fetch,
  type ProduceRequest,
  produce,
  Reader,
  type StructIn,
} from '@castellan/protocol'
import { nodeRuntime } from '@castellan/protocol/runtime'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '1' } } })
const { clock } = nodeRuntime()
const header = { correlationId: 1, clientId: 'bench' }
const topicId = '0f0e0d0c-0b0a-4908-8706-050403020100'

const frameOf = (chunks: Uint8Array[]) => Buffer.concat(chunks).subarray(4)
const requestFrame = <Q extends Fields, S extends Fields>(api: Api<Q, S>, version: number, body: StructIn<Q>) =>
  frameOf(encodeRequest(api, version, header, body))

/** What a broker does with a Produce request but for the records: every partition is answered. */
function produceAtBroker(version: number, partitions: number, batch: Uint8Array): () => number {
  const partitionData = Array.from({ length: partitions }, (_, index) => ({ index, records: batch }))
  const frame = requestFrame(produce, version, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'orders', topicId, partitionData }],
  })
  return () => {
    const reader = new Reader(frame)
    const { apiVersion, correlationId } = decodeRequestHeader(reader)
    const request: ProduceRequest = produce.request.decode(reader, apiVersion)
    const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({
        index,
        errorCode: 0,
        baseOffset: 1_000_000,
        logStartOffset: 0,
      })),
    }))
    return encodeResponse(produce, apiVersion, correlationId, { responses }).length
  }
}

function fetchAtBroker(version: number, partitions: number, batch: Uint8Array): () => number {
  const wanted = Array.from({ length: partitions }, (_, partition) => ({
    partition,
    fetchOffset: 1_000,
    partitionMaxBytes: 1_048_576,
  }))
  const frame = requestFrame(fetch, version, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [{ topic: 'orders', topicId, partitions: wanted }],
  })
  const chunks = [batch]
  return () => {
    const reader = new Reader(frame)
    const { apiVersion, correlationId } = decodeRequestHeader(reader)
    const request: FetchRequest = fetch.request.decode(reader, apiVersion)
    const responses = request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode: 0,
        highWatermark: 2_000,
        lastStableOffset: 2_000,
        logStartOffset: 0,
        records: chunks,
      })),
    }))
    return encodeResponse(fetch, apiVersion, correlationId, { responses }).length
  }
}

function produceAtClient(version: number, batch: Uint8Array): () => number {
  const response = frameOf(
    encodeResponse(produce, version, 1, {
      responses: [{ name: 'orders', topicId, partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 1_000_000 }] }],
    }),
  )
  return () => {
    const chunks = encodeRequest(produce, version, header, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: 'orders', topicId, partitionData: [{ index: 0, records: batch }] }],
    })
    const reader = new Reader(response)
    decodeResponseHeader(reader, produce, version)
    return chunks.length + produce.response.decode(reader, version).responses.length
  }
}

function fetchAtClient(version: number, batch: Uint8Array): () => number {
  const partitions = [{ partitionIndex: 0, errorCode: 0, highWatermark: 2_000, records: batch }]
  const response = frameOf(encodeResponse(fetch, version, 1, { responses: [{ topic: 'orders', topicId, partitions }] }))
  return () => {
    const chunks = encodeRequest(fetch, version, header, {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [
        { topic: 'orders', topicId, partitions: [{ partition: 0, fetchOffset: 1_000, partitionMaxBytes: 1_048_576 }] },
      ],
    })
    const reader = new Reader(response)
    decodeResponseHeader(reader, fetch, version)
    return chunks.length + fetch.response.decode(reader, version).responses.length
  }
}

const batch16 = new Uint8Array(16 * 1024)
const batch64 = new Uint8Array(64 * 1024)
const json = JSON.stringify({
  acks: -1,
  timeoutMs: 30_000,
  topicData: [{ name: 'orders', partitionData: [{ index: 0 }] }],
})

const cases: [string, () => number][] = [
  ['broker: Produce v9, 1 partition', produceAtBroker(9, 1, batch16)],
  ['broker: Produce v13, 1 partition', produceAtBroker(13, 1, batch16)],
  ['broker: Produce v7, 1 partition', produceAtBroker(7, 1, batch16)],
  ['broker: Produce v9, 100 partitions', produceAtBroker(9, 100, new Uint8Array(1024))],
  ['broker: Fetch v12, 1 partition', fetchAtBroker(12, 1, batch64)],
  ['broker: Fetch v17, 1 partition', fetchAtBroker(17, 1, batch64)],
  ['broker: Fetch v11, 1 partition', fetchAtBroker(11, 1, batch64)],
  ['broker: Fetch v17, 100 partitions', fetchAtBroker(17, 100, batch64)],
  ['client: Produce v13', produceAtClient(13, batch16)],
  ['client: Fetch v17', fetchAtClient(17, batch64)],
  ['for scale: JSON there and back', () => JSON.stringify(JSON.parse(json)).length],
]

let checksum = 0
/** Nanoseconds a call: the best of many short spans, since whatever else the machine does makes a span longer. */
function measure(run: () => number, seconds: number): number {
  let best = Infinity
  const end = clock.nowMs() + seconds * 1_000
  for (let started = clock.nowMs(); started < end; started = clock.nowMs()) {
    for (let i = 0; i < 2_000; i++) checksum += run()
    best = Math.min(best, ((clock.nowMs() - started) * 1e6) / 2_000)
  }
  return best
}

// All of them once first: code that has seen one shape only would be faster than it is in a broker.
for (const [, run] of cases) measure(run, 0.2)
for (const [name, run] of cases)
  console.log(`${name.padEnd(36)} ${measure(run, Number(values.seconds)).toFixed(0).padStart(7)} ns`)
if (checksum === 0) throw new Error('nothing ran')
