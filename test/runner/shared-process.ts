// Unit tests share a process (vitest.config.ts), so a file that leaves something changed could make another one fail, or pass, by
// their order alone. That file fails itself: of what outlives a file, all that is no module of its own is as it was before.
import { afterAll, expect } from 'vitest'

const signals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGUSR2',
  'uncaughtException',
  'unhandledRejection',
  'warning',
  'worker',
]

const sharedState = () => ({
  folder: process.cwd(),
  environment: { ...process.env },
  exitCode: process.exitCode,
  listeners: Object.fromEntries(signals.map((name) => [name, process.listenerCount(name)])),
  // But for those by which libraries (zod, ArkType, Vitest) know other copies of themselves.
  globals: Object.getOwnPropertyNames(globalThis).filter((name) => !/^(__|\$)/.test(name)),
  clock: [Date.now, setTimeout, performance.now].map(String),
  chance: String(Math.random),
})

const before = sharedState()
afterAll(() => expect(sharedState(), 'what this file leaves to the next one').toEqual(before))
