// One process at a time uses a data folder. A second broker would write into the logs that the first one leads, and what that had
// acknowledged would be gone (R1): Castle tells the older one to stop, but that is too late.
//
// Node has no flock. On Linux a name in the kernel does the same: a socket that nobody connects to, gone with its process, however that ends.
// The name counts within one network namespace; elsewhere than on Linux nothing guards the folder but whoever starts the process.
import { mkdirSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface FolderLock {
  release(): void
}

/** One that was just killed is gone in a moment. */
const patienceMs = 2_000
const againAfterMs = 50

/** Makes the folder where it is missing. Undefined: another process has it. Rejects with Node's error when the folder cannot be made. */
export async function lockFolder(folder: string): Promise<FolderLock | undefined> {
  mkdirSync(folder, { recursive: true })
  if (process.platform !== 'linux') return { release: () => {} }
  // The folder itself, by whatever path.
  const { dev, ino } = statSync(folder, { bigint: true })
  const name = `\0castellan-${dev}-${ino}`
  const untilMs = performance.now() + patienceMs
  while (true) {
    const server = await take(name)
    if (server !== undefined) return { release: () => void server.close() }
    if (performance.now() >= untilMs) return undefined
    await wait(againAfterMs)
  }
}

/** Undefined: another process has it. */
function take(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('error', (error) =>
      'code' in error && error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(name, () => resolve(server))
  })
}
