// Looks for seeds that show a planted bug.
import { Worker } from 'node:worker_threads'
import type { Found, Search } from './worker.ts'

/** Rejects when the thread dies of something. */
export function find(search: Search): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: search })
    worker.on('message', resolve)
    worker.on('error', reject)
  })
}
