import { describe, expect, it } from 'vitest'
import { apis, apiVersions, metadata, produce } from '../messages/index.ts'
import { Reader } from '../schema/index.ts'
import { decodeRequestHeader, decodeResponseHeader, encodeRequest, encodeResponse } from './index.ts'

const hex = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString('hex')

describe('a request', () => {
  it.each([
    ['plain', 8, '0000001300030008000000070002 6d65 ffffffff 01 00 00'],
    ['flexible: tagged fields after the client id', 9, '0000001200030009000000070002 6d65 00 00 01 00 00 00'],
  ])('%s', (_, version, bytes) => {
    const expected = bytes.replaceAll(' ', '')
    expect(hex(encodeRequest(metadata, version, { correlationId: 7, clientId: 'me' }, { topics: null }))).toBe(expected)
    const reader = new Reader(Buffer.from(expected, 'hex'), 4)
    expect(decodeRequestHeader(reader)).toEqual({ apiKey: 3, apiVersion: version, correlationId: 7, clientId: 'me' })
    expect(metadata.request.decode(reader, version)).toMatchObject({ topics: null, allowAutoTopicCreation: true })
    expect(reader.remaining).toBe(0)
  })

  it('may have no client id, and tagged fields that we do not know', () => {
    const reader = new Reader(Buffer.from('0003000900000007ffff010502aabb', 'hex'))
    expect(decodeRequestHeader(reader)).toMatchObject({ clientId: null })
    expect(reader.remaining).toBe(0)
  })

  it('of an unknown API can still be refused by its header', () => {
    const reader = new Reader(Buffer.from('7fff00630000000700026d6500', 'hex'))
    expect(decodeRequestHeader(reader)).toEqual({ apiKey: 32_767, apiVersion: 99, correlationId: 7, clientId: 'me' })
  })
})

describe('a response', () => {
  it('has tagged fields in its header from the first flexible version on', () => {
    for (const [version, header] of [
      [8, '00000007'],
      [9, '0000000700'],
    ] as const) {
      const chunks = encodeResponse(produce, version, 7, { responses: [] })
      expect(hex(chunks).slice(8)).toMatch(new RegExp(`^${header}`))
      const reader = new Reader(Buffer.concat(chunks), 4)
      expect(decodeResponseHeader(reader, produce, version)).toEqual({ correlationId: 7 })
      expect(produce.response.decode(reader, version).responses).toEqual([])
      expect(reader.remaining).toBe(0)
    }
  })

  it('of ApiVersions has none at any version, so that every client can read it', () => {
    for (let version = 0; version <= 4; version++) {
      const chunks = encodeResponse(apiVersions, version, 7, {
        errorCode: 35,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
      })
      expect(hex(chunks).slice(8, 20)).toBe('000000070023')
      const reader = new Reader(Buffer.concat(chunks), 4)
      decodeResponseHeader(reader, apiVersions, version)
      expect(apiVersions.response.decode(reader, version).apiKeys).toHaveLength(1)
      expect(reader.remaining).toBe(0)
    }
  })

  it('starts with the length of the rest, in however many chunks', () => {
    const records: Uint8Array[] = [new Uint8Array(5_000).fill(1), new Uint8Array(10), new Uint8Array(100_000).fill(2)]
    const topics = Array.from({ length: 3_000 }, (_, i) => ({
      topic: `t${i}`,
      partitions: [{ partitionIndex: 0, errorCode: 0, highWatermark: 1, records }],
    }))
    const chunks = encodeResponse(apis.get(1)!, 11, 7, { responses: topics })
    expect(chunks.filter((chunk) => records.includes(chunk))).toHaveLength(6_000) // as given, not copied
    expect(Buffer.from(chunks[0]!).readInt32BE()).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0) - 4)
  })
})
