// Runs seeds on several cores at a time: seeds know nothing of each other.
import { Worker } from 'node:worker_threads'
import type { RunOptions } from './options.ts'
import type { RunResult } from './run.ts'

/** As many as the smallest machine that this is tested on has cores. */
const cores = 2

/**
 * Runs the seeds that `next` names until it names none (undefined); `onResult` hears of each as it ends. Rejects with what a worker died of.
 */
export async function runSeeds(
  next: () => number | undefined,
  options: RunOptions,
  onResult: (result: RunResult) => void,
): Promise<void> {
  await Promise.all(Array.from({ length: cores }, () => runOn(next, options, onResult)))
}

function runOn(
  next: () => number | undefined,
  options: RunOptions,
  onResult: (result: RunResult) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./pool-worker.ts', import.meta.url), { workerData: options })
    let seed = next()
    const go = () => (seed === undefined ? void worker.terminate() : worker.postMessage(seed))
    worker.on('message', (result: RunResult) => {
      onResult(result)
      seed = next()
      go()
    })
    worker.on('error', (cause) => reject(new Error(`seed ${seed} ended its worker`, { cause })))
    worker.on('exit', () => resolve())
    go()
  })
}
