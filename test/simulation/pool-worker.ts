// Runs the seeds that it is sent, on a core of its own, and posts each result.
import { parentPort, workerData } from 'node:worker_threads'
import type { RunOptions } from './options.ts'
import { runSeed } from './run.ts'

parentPort!.on('message', (seed: number) => {
  void runSeed(seed, workerData as RunOptions).then((result) => parentPort!.postMessage(result))
})
