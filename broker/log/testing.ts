// For tests: what a log needs around it, and batches to put into it.
import { SlabPool } from '@castellan/protocol'
import { buildBatch, iterateRecords, readBatchHeader } from '@castellan/protocol/records'
import { type Clock, Complaints, type Logger, silentLogger, type Timer } from '@castellan/protocol/runtime'
import { admit } from './admission.ts'
import { BatchCache } from './batch-cache.ts'
import { type LogContext, type LogSettings, newCounters } from './context.ts'
import { DiskRoom } from './disk-room.ts'
import { FileCache } from './file-cache.ts'
import { FolderSyncs } from './folder-syncs.ts'
import { IndexCache } from './index-cache.ts'
import { Limiter } from './limiter.ts'
import { Log } from './log.ts'
import { endOffsetOf, lengthOf } from './outline.ts'
import { ProcessDisk, TestingDisk } from './testing-disk.ts'
import { WritePath } from './write-path.ts'

/** A clock that goes when it is told to. `soon` runs with the next microtask. */
export class TestingClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly task: () => void }[] = []

  wallMs(): number {
    return 1_800_000_000_000 + this.#nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  bootMs(): number {
    return this.#nowMs
  }

  soon(task: () => void): void {
    queueMicrotask(task)
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, task }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** Lets time pass, runs what is due in order, and lets everything that follows from it happen. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#nowMs = due.atMs
      due.task()
      await settle()
    }
    this.#nowMs = endMs
  }
}

/** Resolves when promises that need nothing from outside have run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await undefined
}

/** A promise and how to resolve it. */
export function gate(): { readonly promise: Promise<void>; open(): void } {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open: () => open() }
}

export const testSettings: LogSettings = {
  segmentBytes: 1_000_000,
  segmentMs: 1_000_000,
  indexIntervalBytes: 100,
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
  producersMax: 100,
  producerIdExpirationMs: 86_400_000,
}

export interface TestingContext extends LogContext {
  /** What outlives the process. */
  readonly platters: TestingDisk
  readonly disk: ProcessDisk
  readonly clock: TestingClock
}

export interface ContextOptions {
  readonly platters?: TestingDisk
  readonly clock?: TestingClock
  readonly cacheBytesMax?: number
  readonly openFilesMax?: number
  readonly log?: Logger
  readonly isIntact?: boolean
}

/** Poisoned memory: whoever reads a slab that was given back finds out. */
export function testingContext(options: ContextOptions = {}): TestingContext {
  const platters = options.platters ?? new TestingDisk()
  const disk = new ProcessDisk(platters)
  const syncs = new Limiter(2)
  const pool = new SlabPool({ slabBytes: 65_536, keepBytesMax: 1_000_000, poison: true })
  const { clock = new TestingClock(), log = silentLogger } = options
  const complaints = new Complaints(clock, log)
  const counters = newCounters()
  return {
    platters,
    disk,
    pool,
    clock,
    log,
    isIntact: options.isIntact ?? false,
    complaints,
    files: new FileCache(disk, options.openFilesMax ?? 100),
    cache: new BatchCache({ bytesMax: options.cacheBytesMax ?? 1_000_000, pool }),
    indexes: new IndexCache(8),
    writePath: new WritePath(clock, log, complaints, counters),
    room: new DiskRoom(clock, disk, log, '/data/logs'),
    syncs,
    folders: new FolderSyncs(disk, syncs),
    counters,
  }
}

export const testFolder = '/data/logs/topic/0'

export interface OpenedLog {
  readonly log: Log
  /** What `onTrouble` was told. */
  readonly trouble: Error[]
}

export async function openLog(
  context: TestingContext,
  settings: Partial<LogSettings> = {},
  folder = testFolder,
): Promise<OpenedLog> {
  context.disk.mkdir(folder)
  const trouble: Error[] = []
  const events = { onTrouble: (error: Error) => void trouble.push(error), flush: () => void log?.flush() }
  const used = { ...testSettings, ...settings }
  const log: Log = (await Log.open(context, folder, used, events)) ?? Log.create(context, folder, used, events)
  return { log, trouble }
}

export interface BatchSpec {
  readonly values: readonly string[]
  readonly timestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

export function batchOf(spec: BatchSpec): Uint8Array {
  const { values, timestamp = 1000, ...options } = spec
  return buildBatch({ records: values.map((value) => ({ value, timestamp })), ...options })
}

/** Stages one batch and writes it. Returns its first offset. */
export function append(log: Log, spec: BatchSpec, leaderEpoch = 0): number {
  const offset = stage(log, spec, leaderEpoch)
  log.flush()
  return offset
}

export function stage(log: Log, spec: BatchSpec, leaderEpoch = 0): number {
  const records = batchOf(spec)
  const batches = [{ at: 0, header: readBatchHeader(records, 0) }]
  const admission = admit(log.producers, batches, log.nextOffset, { nowMs: 0, logAppendTimeMs: -1 })
  if (admission.kind !== 'append') throw new Error(`not to be appended: ${admission.kind}`)
  return log.stage({ records, slab: null, batches, leaderEpoch, logAppendTimeMs: -1, changes: admission.changes })
}

/** The records of whole batches, as offset and value. */
export function recordsIn(chunks: readonly Uint8Array[]): [number, string][] {
  const records: [number, string][] = []
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += lengthOf(readBatchHeader(chunk, at))) {
      for (const { offset, value } of iterateRecords(chunk, at))
        records.push([offset, new TextDecoder().decode(value!)])
    }
  }
  return records
}

/** All records from `offset` to the log's end, through memory or files as they come. */
export async function readAll(
  log: Log,
  offset = log.startOffset,
  source: 'any' | 'file' = 'any',
): Promise<[number, string][]> {
  const records: [number, string][] = []
  while (offset < log.endOffset) {
    const memory = source === 'any' ? log.readMemory(offset, 1000, log.endOffset) : undefined
    const file = memory === undefined ? await log.readFile(offset, 1000, log.endOffset) : undefined
    const chunks = memory?.chunks ?? [file!.bytes]
    const last = chunks.at(-1)
    if (last === undefined || last.length === 0) throw new Error(`nothing at offset ${offset}`)
    records.push(...recordsIn(chunks).filter(([at]) => at >= offset))
    offset = Math.max(...batchEnds(chunks))
    ;(memory ?? file!).release()
  }
  return records
}

function batchEnds(chunks: readonly Uint8Array[]): number[] {
  const ends: number[] = []
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const header = readBatchHeader(chunk, at)
      ends.push(endOffsetOf(header))
      at += lengthOf(header)
    }
  }
  return ends
}
