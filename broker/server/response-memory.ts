// The memory for answers that were read from files, `queued.max.response.bytes`: taken before the read, given back when
// the answer has left or never will. Without it, a thousand fetches of old data at once would hold a thousand times
// `fetch.max.bytes`, and clients that do not take their answers would hold it as long as they like.
//
//   there is room              the whole read
//   not for all of it          a mebibyte of it, or its first batch when that is more (KIP-74)
//   not for that either        the fetch stands in line, holding nothing; its partition's part is left out when it holds
//                              something already, for who holds and waits may wait for ever
//
// Answers from memory take nothing: their bytes are the cache's. So only who reads old data ever waits here.

import type { Clock } from '@castellan/protocol/runtime'
import type { ReadRoom } from '../log/reader.ts'
import { Lane } from './lane.ts'

/** Reads are cut down to this when there is no room for all: many get on a little instead of few by much. */
const cutBytes = 1024 * 1024

export class ResponseMemory {
  readonly #lane: Lane

  constructor(clock: Clock, bytesMax: number) {
    this.#lane = new Lane(clock, bytesMax)
  }

  /** Bytes of all rooms. */
  get usedBytes(): number {
    return this.#lane.usedBytes
  }

  /** Fetches that stand in line. */
  get waiting(): number {
    return this.#lane.waiting
  }

  /** The part of one answer; nothing at first. */
  room(): ResponseRoom {
    return new ResponseRoom(this.#lane)
  }
}

export class ResponseRoom implements ReadRoom {
  readonly #lane: Lane
  #bytes = 0
  /** Those of them that were waited for and are not used yet. */
  #reservedBytes = 0
  #lackingBytes = 0

  constructor(lane: Lane) {
    this.#lane = lane
  }

  /** Bytes that this answer holds. */
  get bytes(): number {
    return this.#bytes
  }

  take(leastBytes: number, mostBytes: number): number {
    const reservedBytes = this.#reservedBytes
    if (reservedBytes >= leastBytes && reservedBytes > 0) {
      const bytes = Math.min(reservedBytes, mostBytes)
      this.#reservedBytes = 0
      this.#giveBack(reservedBytes - bytes)
      return bytes
    }
    const cut = Math.max(leastBytes, Math.min(mostBytes, cutBytes))
    const bytes = this.#lane.take(mostBytes) ? mostBytes : this.#lane.take(cut) ? cut : 0
    this.#bytes += bytes
    if (bytes === 0) this.#lackingBytes = cut
    return bytes
  }

  /** After each read: how many bytes it lacked; 0: none. What was waited for and not used goes back. */
  endRead(): number {
    const lackingBytes = this.#lackingBytes
    this.#lackingBytes = 0
    this.#giveBack(this.#reservedBytes)
    this.#reservedBytes = 0
    return lackingBytes
  }

  /** Stands in line for what the next read shall take. */
  wait(bytes: number, onTurn: () => void): { cancel(): void } {
    return this.#lane.wait(bytes, () => {
      this.#bytes += bytes
      this.#reservedBytes = bytes
      onTurn()
    })
  }

  /** Of all that it holds. */
  giveBack(): void {
    this.#reservedBytes = 0
    this.#giveBack(this.#bytes)
  }

  #giveBack(bytes: number): void {
    if (bytes === 0) return
    this.#bytes -= bytes
    this.#lane.giveBack(bytes)
  }
}
