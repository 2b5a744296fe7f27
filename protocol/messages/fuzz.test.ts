import { describe, expect, it } from 'vitest'
import { ProtocolError, Reader } from '../schema/index.ts'
import { fuzz } from './fuzz.cases.ts'
import { apis } from './index.ts'

describe('bytes of a stranger', () => {
  it('give a message or a ProtocolError, 50,000 times', () => {
    const outcome = fuzz(20_240_917, 50_000)
    expect(outcome.decoded).toBeGreaterThan(1_000)
    // All of these were met: the mutations reach every check.
    for (const code of ['TRUNCATED', 'BAD_LENGTH', 'BAD_VARINT', 'BAD_TAG', 'NULL', 'OUT_OF_RANGE']) {
      expect(outcome.refused, code).toHaveProperty(code)
    }
    expect(outcome.slowestCpuMs).toBeLessThan(1_000)
  })

  it('cost no more memory than they are worth: counts are checked before anything is allocated', () => {
    // A mebibyte that claims as many elements as it can, at every place where a count can stand.
    const claims = ['00', '01', '02', '7fffffff', '00040000', '000fffff', 'ffffffff0f', '80808004', '8180808000']
    let most = 0
    for (const api of apis.values()) {
      for (const codec of [api.request, api.response]) {
        for (const claim of claims) {
          const frame = Buffer.alloc(1024 * 1024, Buffer.from(claim, 'hex'))
          const before = process.memoryUsage().heapUsed
          try {
            codec.decode(new Reader(frame), api.versions[1])
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
          most = Math.max(most, process.memoryUsage().heapUsed - before)
        }
      }
    }
    expect(most).toBeLessThan(200 * 1024 * 1024)
  })

  it('cannot fill the memory with elements, however small they are', () => {
    const metadata = apis.get(3)!
    const frame = Buffer.alloc(40 * 1024 * 1024) // topics with names of no bytes: two bytes each
    frame.writeInt32BE(15_000_000)
    expect(() => metadata.request.decode(new Reader(frame), 1)).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_ELEMENTS' }),
    )
    frame.writeInt32BE(900_000)
    expect(metadata.request.decode(new Reader(frame), 1)['topics']).toHaveLength(900_000)
  })
})
