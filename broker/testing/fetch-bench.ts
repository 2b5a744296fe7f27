// For tests of Fetch: requests for partitions of one topic, and what their answers say.
import { fetch as api, type FetchRequestInput, type FetchResponseInput } from '@castellan/protocol'
import { fetch } from '../handlers/01-fetch.ts'
import { type Asked, HandlerBench, topicIdOf } from './handler-bench.ts'

export type PartitionInput = { partition: number } & Partial<FetchRequestInput['topics'][number]['partitions'][number]>
type Response = FetchResponseInput | null | undefined

export class FetchBench extends HandlerBench {
  /** Of topic 1, `orders`. */
  fetch(partitions: PartitionInput[], more: Partial<FetchRequestInput> = {}, version = 12): Asked<typeof api> {
    const asked = partitions.map((one) => ({ fetchOffset: 0, partitionMaxBytes: 1000, ...one }))
    const topics = [{ topic: 'orders', topicId: topicIdOf(1), partitions: asked }]
    return this.ask(fetch, api, version, { maxWaitMs: 500, minBytes: 1, topics, ...more })
  }
}

export const batch = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill)
export const answersOf = (response: Response) => response?.responses[0]?.partitions ?? []
export const errorsOf = (response: Response) => answersOf(response).map(({ errorCode }) => errorCode)
export const sizes = (response: Response) =>
  answersOf(response).map(({ records }) => (records as Uint8Array[]).reduce((sum, { length }) => sum + length, 0))
