// The SQLite store in a thread of its own. A commit ends with an fsync, and one on a busy disk takes from milliseconds to
// seconds; on Castle's own loop nobody's heartbeat would be heard meanwhile, and living brokers would look dead.
import { accessSync, constants } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { makeFolder } from '@castellan/protocol/runtime'
import { CastleError, type CastleErrorCode, messageOf } from '../errors.ts'
import type { Change, Entry, Lease, Store } from './store.ts'

export type StoreMethod = Exclude<keyof Store, 'close'>

export interface ThreadData {
  readonly folder: string
  readonly castleEpochMax: number
}

/** To the thread; answered in this order. */
export type ThreadRequest =
  | { readonly [M in StoreMethod]: { readonly method: M; readonly args: Parameters<Store[M]> } }[StoreMethod]
  | { readonly method: 'close'; readonly args: [] }

/** Back: the first one says whether the folder was opened. */
export type ThreadAnswer = { readonly value: unknown } | { readonly error: ThreadError }

export interface ThreadError {
  readonly message: string
  readonly code: string | undefined
  /** The code is Castle's; else the system's or SQLite's. */
  readonly isRefusal: boolean
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

export class SqliteThread implements Store {
  readonly #worker: Worker
  /** In the order of the requests. */
  readonly #waiting: Waiting[] = []
  readonly #onLost: (error: Error) => void
  #failure: Error | undefined
  #isOpen = false

  /**
   * Opens or makes `castle.db` in the folder. Rejects with a CastleError that says what to do. `onLost`: the thread ended by itself, and nothing
   * can be written any more.
   */
  static async open(folder: string, onLost: (error: Error) => void = () => {}): Promise<SqliteThread> {
    makeDataFolder(folder)
    const workerData: ThreadData = { folder, castleEpochMax }
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData })
    const thread = new SqliteThread(worker, onLost)
    await thread.#answer()
    thread.#isOpen = true
    return thread
  }

  private constructor(worker: Worker, onLost: (error: Error) => void) {
    this.#worker = worker
    this.#onLost = onLost
    worker.on('message', (answer: ThreadAnswer) => {
      const { resolve, reject } = this.#waiting.shift()!
      if ('error' in answer) reject(errorFrom(answer.error))
      else resolve(answer.value)
    })
    worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => this.#fail(new Error("the store's thread has ended")))
  }

  load(): Promise<Entry[]> {
    return this.#ask({ method: 'load', args: [] }) as Promise<Entry[]>
  }

  async commit(changes: readonly Change[], castleEpoch: number): Promise<void> {
    await this.#ask({ method: 'commit', args: [changes, castleEpoch] })
  }

  lease(atLeast: number): Promise<Lease> {
    return this.#ask({ method: 'lease', args: [atLeast] }) as Promise<Lease>
  }

  /** What was asked before is done first. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return
    this.#isOpen = false
    const ended = new Promise<void>((resolve) => void this.#worker.once('exit', () => resolve()))
    await this.#ask({ method: 'close', args: [] })
    await ended
  }

  #ask(request: ThreadRequest): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#worker.postMessage(request)
    return this.#answer()
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#onLost(this.#failure)
  }
}

function errorFrom({ message, code, isRefusal }: ThreadError): Error {
  if (isRefusal) return new CastleError(code as CastleErrorCode, message)
  return Object.assign(new Error(message), code !== undefined && { code })
}

function makeDataFolder(folder: string): void {
  try {
    makeFolder(folder)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `Castle cannot write to its data folder ${folder}: ${messageOf(cause)}`
    throw new CastleError('DATA_UNUSABLE', message, { cause })
  }
}
