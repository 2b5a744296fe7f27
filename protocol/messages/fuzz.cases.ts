// Feeds mutated requests and responses to the decoders: whatever comes, the outcome is a message or a ProtocolError,
// soon and without much memory.
import fc from 'fast-check'
import { decodeRequestHeader, encodeRequest, encodeResponse } from '../frames/index.ts'
import { messageOf } from '../schema/arbitrary.ts'
import { type AnyApi, ProtocolError, Reader } from '../schema/index.ts'
import { apis } from './index.ts'

export interface FuzzOutcome {
  readonly frames: number
  readonly decoded: number
  /** How often each code of ProtocolError came. */
  readonly refused: Record<string, number>
  /** What the decoder itself computed: others on the machine make nothing of it longer. */
  readonly slowestCpuMs: number
}

interface Sample {
  readonly api: AnyApi
  readonly side: 'request' | 'response'
  readonly version: number
  readonly frame: Buffer
}

/** Throws, with the seed and the frame, when anything but a ProtocolError came out. */
export function fuzz(seed: number, frames: number): FuzzOutcome {
  const random = generator(seed)
  const pick = (bound: number) => Math.floor(random() * bound)
  const samples = makeSamples(seed)
  const refused: Record<string, number> = {}
  let decoded = 0
  let slowestCpuMs = 0
  for (let i = 0; i < frames; i++) {
    const sample = samples[pick(samples.length)]!
    const frame = mutate(sample.frame, samples[pick(samples.length)]!.frame, pick)
    const started = process.threadCpuUsage()
    try {
      decode(sample, frame)
      decoded++
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        const what = `${sample.api.name} ${sample.side} v${sample.version}, seed ${seed}, frame ${i}: ${frame.toString('hex')}`
        throw new Error(`not a ProtocolError: ${what}`, { cause: error })
      }
      refused[error.code] = (refused[error.code] ?? 0) + 1
    }
    const { user, system } = process.threadCpuUsage(started)
    slowestCpuMs = Math.max(slowestCpuMs, (user + system) / 1_000)
  }
  return { frames, decoded, refused, slowestCpuMs }
}

/** A few messages of every API, side and version. */
function makeSamples(seed: number): Sample[] {
  const samples: Sample[] = []
  for (const api of apis.values()) {
    for (let version = api.versions[0]; version <= api.versions[1]; version++) {
      for (const message of fc.sample(messageOf(api.request.fields, version), { numRuns: 4, seed })) {
        const chunks = encodeRequest(api, version, { correlationId: 1, clientId: 'fuzz' }, message as never)
        samples.push({ api, side: 'request', version, frame: body(chunks) })
      }
      for (const message of fc.sample(messageOf(api.response.fields, version), { numRuns: 4, seed })) {
        samples.push({ api, side: 'response', version, frame: body(encodeResponse(api, version, 1, message as never)) })
      }
    }
  }
  return samples
}

/** The frame without its length, cut where it is long: most bytes of a long one are one field's. */
function body(chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks).subarray(4, 4_000)
}

function decode(sample: Sample, frame: Buffer): void {
  const reader = new Reader(frame)
  if (sample.side === 'response') {
    reader.int32()
    sample.api.response.decode(reader, sample.version)
    return
  }
  const header = decodeRequestHeader(reader)
  const api = apis.get(header.apiKey) ?? sample.api
  const isKnown = header.apiVersion >= api.versions[0] && header.apiVersion <= api.versions[1]
  api.request.decode(reader, isKnown ? header.apiVersion : api.versions[1])
}

const extremes = [
  '00',
  '01',
  '7f',
  '80',
  'ff',
  'ffff',
  '7fff',
  '8000',
  '7fffffff',
  'ffffffff',
  '80000000',
  'ffffffff0f',
  'ffffffff7f',
  '8080808000',
  '7fffffffffffffff',
]

function mutate(frame: Buffer, other: Buffer, pick: (bound: number) => number): Buffer {
  let bytes = Buffer.from(frame)
  for (let times = 1 + pick(4); times > 0; times--) {
    const at = pick(bytes.length + 1)
    switch (pick(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << pick(8))
        break
      case 1:
        if (at < bytes.length) bytes[at] = pick(256)
        break
      case 2:
        bytes = bytes.subarray(0, at)
        break
      case 3: {
        const extreme = Buffer.from(extremes[pick(extremes.length)]!, 'hex')
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          extreme,
          bytes.subarray(Math.min(bytes.length, at + pick(2) * extreme.length)),
        ])
        break
      }
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + pick(8)))])
        break
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(pick(other.length + 1))])
        break
    }
  }
  return bytes
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
