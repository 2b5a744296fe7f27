// The thread of SqliteThread: opens the folder it is given, and does what it is asked, one after another. It imports no more than it must,
// so that Castle's start need not wait for it.
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { StoreRefusal } from './refusals.ts'
import { SqliteStore } from './sqlite.ts'
import type { ThreadAnswer, ThreadData, ThreadError, ThreadRequest } from './sqlite-thread.ts'
import type { Store } from './store.ts'

assert(parentPort !== null, 'this file is run as a thread')
const port = parentPort
const say = (answer: ThreadAnswer) => port.postMessage(answer)

try {
  const { folder, castleEpochMax } = workerData as ThreadData
  const store = SqliteStore.open(folder, castleEpochMax)
  port.on('message', async (request: ThreadRequest) => {
    try {
      say({ value: await perform(store, request) })
    } catch (error) {
      say({ error: told(error) })
    }
    if (request.method === 'close') port.close()
  })
  say({ value: undefined })
} catch (error) {
  say({ error: told(error) })
}

function perform(store: Store, request: ThreadRequest): Promise<unknown> {
  switch (request.method) {
    case 'load':
      return store.load()
    case 'commit':
      return store.commit(...request.args)
    case 'lease':
      return store.lease(...request.args)
    case 'close':
      return store.close()
  }
}

/** Errors lose their class and fields on their way between threads. */
function told(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  return { message, code, isRefusal: error instanceof StoreRefusal }
}
