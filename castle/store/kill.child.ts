// Run by kill.test.ts: commits to the folder named on its command line until it is killed, and says which commits were answered.
import { SqliteThread } from './sqlite-thread.ts'

const store = await SqliteThread.open(process.argv[2] ?? '')
const { castleEpoch } = await store.lease(0)
for (let number = 1; ; number++) {
  const value = `${castleEpoch}.${number}`
  const padding = 'x'.repeat((number * 7919) % 20_000)
  // Two keys with one value: a commit that is there by half would show.
  await store.commit(
    [
      { key: 'left', value },
      { key: 'padding', value: padding },
      { key: `said/${value}`, value },
      { key: 'right', value },
    ],
    castleEpoch,
  )
  // Waits where nobody reads: a parent without its core would otherwise fill the pipe, and this process die of it.
  await new Promise((written) => process.stdout.write(`${value}\n`, written))
}
