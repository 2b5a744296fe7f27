// The memory for all requests of a broker, `queued.max.request.bytes`: those half read, and those whole but not answered.
//
//   large    5/8   frames larger than a usual slab
//   produce  1/4   other Produce requests
//   other    1/8   the rest: fetches of many partitions, heartbeats of large groups
//
// Each lane has its own share and its own line, first come first served, so that none can keep another from being
// served: half-sent giants do not stop ordinary producers, and a follower's fetch, which unanswered Produce requests at
// Ack -1 wait for, does not wait for them. What fits a connection's first, small slab needs no claim: it is bounded by
// `max.connections`. What is larger than its whole lane goes alone.
import assert from 'node:assert/strict'
import { type Claim, type FrameMemory, type FrameWait, produce } from '@castellan/protocol'
import type { Clock } from '@castellan/protocol/runtime'
import { Lane } from './lane.ts'

export type LaneName = 'large' | 'produce' | 'other'

const shares: Readonly<Record<LaneName, number>> = { large: 5 / 8, produce: 1 / 4, other: 1 / 8 }
/** Idle connections keep slabs up to this part of a lane. */
const keepShare = 1 / 4

/** Bytes of one lane, until they are given back. */
export class LaneClaim implements Claim {
  readonly lane: LaneName
  readonly bytes: number
  readonly #memory: RequestMemory
  #isGivenBack = false

  constructor(memory: RequestMemory, lane: LaneName, bytes: number) {
    this.#memory = memory
    this.lane = lane
    this.bytes = bytes
  }

  giveBack(): void {
    assert(!this.#isGivenBack, 'memory of requests was given back twice')
    this.#isGivenBack = true
    this.#memory.takeBack(this)
  }
}

export class RequestMemory implements FrameMemory {
  readonly #usualBytes: number
  readonly #lanes: Readonly<Record<LaneName, Lane>>

  /** `usualBytes`: the size of a usual slab. */
  constructor(clock: Clock, options: { bytesMax: number; usualBytes: number }) {
    this.#usualBytes = options.usualBytes
    const lane = (name: LaneName) => new Lane(clock, Math.floor(options.bytesMax * shares[name]))
    this.#lanes = { large: lane('large'), produce: lane('produce'), other: lane('other') }
  }

  /** Bytes of all claims. */
  get usedBytes(): number {
    const { large, produce, other } = this.#lanes
    return large.usedBytes + produce.usedBytes + other.usedBytes
  }

  /** Connections that are not read from until memory is given back. */
  get waiting(): number {
    const { large, produce, other } = this.#lanes
    return large.waiting + produce.waiting + other.waiting
  }

  hasWaiting(lane: LaneName): boolean {
    return this.#lanes[lane].waiting > 0
  }

  get isCrowded(): boolean {
    const { produce, other } = this.#lanes
    return produce.usedBytes > produce.bytesMax * keepShare || other.usedBytes > other.bytesMax * keepShare
  }

  claim(bytes: number, apiKey: number | null): LaneClaim | null {
    const name = this.#laneOf(bytes, apiKey)
    return this.#lanes[name].take(bytes) ? new LaneClaim(this, name, bytes) : null
  }

  wait(bytes: number, apiKey: number | null, onClaim: (claim: Claim) => void): FrameWait {
    const name = this.#laneOf(bytes, apiKey)
    return this.#lanes[name].wait(bytes, () => onClaim(new LaneClaim(this, name, bytes)))
  }

  insist(bytes: number): LaneClaim {
    this.#lanes.other.insist(bytes)
    return new LaneClaim(this, 'other', bytes)
  }

  /** Only for LaneClaim. */
  takeBack({ lane, bytes }: LaneClaim): void {
    this.#lanes[lane].giveBack(bytes)
  }

  #laneOf(bytes: number, apiKey: number | null): LaneName {
    if (bytes > this.#usualBytes) return 'large'
    return apiKey === null || apiKey === produce.key ? 'produce' : 'other'
  }
}
