// What clients that others wrote really send, and what Apache Kafka 4.3 answers them (test/recording), decodes and
// encodes to the very same bytes.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeRequestHeader, decodeResponseHeader, encodeRequest, encodeResponse } from '../frames/index.ts'
import { type AnyApi, Reader } from '../schema/index.ts'
import { apis, type FetchRequest, type ProduceRequest } from './index.ts'

interface Recorded {
  readonly client: string
  readonly api: string
  readonly side: 'request' | 'response'
  readonly version: number
  /** The frame without its length, in hex. */
  readonly frame: string
}

const file = new URL('../testdata/recorded.json', import.meta.url)
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as Recorded[]).map((each) => ({
  ...each,
  bytes: Buffer.from(each.frame, 'hex'),
}))

const apiOf = (name: string): AnyApi => [...apis.values()].find((api) => api.name === name)!

function decodeRequest(bytes: Uint8Array) {
  const reader = new Reader(bytes)
  const header = decodeRequestHeader(reader)
  const api = apis.get(header.apiKey)!
  const body = api.request.decode(reader, header.apiVersion)
  expect(reader.remaining).toBe(0)
  return { header, api, body }
}

describe.each(recorded.filter(({ side }) => side === 'request'))(
  '$client: $api v$version',
  ({ api: name, version, bytes }) => {
    it('decodes, and encodes to the same bytes', () => {
      const { header, api, body } = decodeRequest(bytes)
      expect([api.name, header.apiVersion]).toEqual([name, version])
      expect(Buffer.concat(encodeRequest(api, version, header, body)).toString('hex', 4)).toBe(bytes.toString('hex'))
    })
  },
)

describe.each(recorded.filter(({ side }) => side === 'response'))(
  'to $client: $api v$version',
  ({ api: name, version, bytes }) => {
    it('decodes, and encodes to the same bytes', () => {
      const api = apiOf(name)
      const reader = new Reader(bytes)
      const { correlationId } = decodeResponseHeader(reader, api, version)
      const body = api.response.decode(reader, version)
      expect(reader.remaining).toBe(0)
      expect(Buffer.concat(encodeResponse(api, version, correlationId, body)).toString('hex', 4)).toBe(
        bytes.toString('hex'),
      )
    })
  },
)

it('was recorded of four clients', () => {
  expect(new Set(recorded.map(({ client }) => client))).toEqual(new Set(['java', 'kafkajs', 'kcat', 'platformatic']))
})

it('says what the client meant', () => {
  const of = (client: string, api: string) =>
    decodeRequest(recorded.find((each) => each.client === client && each.api === api)!.bytes).body
  expect(of('kcat', 'Produce') as ProduceRequest).toMatchObject({
    acks: expect.any(Number),
    topicData: [{ name: 'fixtures-kcat', partitionData: [{ records: expect.any(Uint8Array) }] }],
  })
  const { topicId } = (of('java', 'Produce') as ProduceRequest).topicData[0]!
  expect(topicId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const meant = recorded.filter(({ client, api, side }) => `${client} ${api} ${side}` === 'java ApiVersions request')
  expect(meant.map(({ bytes }) => decodeRequest(bytes).body)).toMatchObject([
    { clusterId: 'recorder', nodeId: 1 },
    { clusterId: null, nodeId: -1 }, // to a bootstrap address
  ])
  const { partitions } = (of('platformatic', 'Fetch') as FetchRequest).topics[0]!
  expect(partitions[0]).toMatchObject({ partition: expect.any(Number), partitionMaxBytes: 52_428_800 })
})
