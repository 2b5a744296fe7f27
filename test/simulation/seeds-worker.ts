// Runs seeds on a core of its own and posts each result: seeds know nothing of each other.
import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from './run.ts'

for (const seed of workerData.seeds as number[]) parentPort!.postMessage(await runSeed(seed))
