import { uptime } from 'node:os'
import type { Clock } from './clock.ts'

export const nodeClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => performance.now(),
  // libuv reads CLOCK_BOOTTIME for this on Linux.
  bootMs: () => uptime() * 1000,
  after(delayMs, task) {
    // A longer delay than 2^31 - 1 ms would make Node fire at once.
    const timer = setTimeout(task, Math.min(delayMs, 2_147_483_647))
    return { cancel: () => clearTimeout(timer) }
  },
  soon: (task) => void setImmediate(task),
}
