// One consumer of the demo, in a process of its own: node consumer.ts CASTLE TOPIC GROUP LEDGER NAME. Ends on SIGTERM, having
// committed, and when whoever started it is gone.
import { connect } from '@castellan/sdk'
import type { FileChange } from './events.ts'
import { Ledger } from './ledger.ts'

const [castle = '', topic = '', group = '', file = '', name = ''] = process.argv.slice(2)
const stop = new AbortController()
for (const event of ['SIGTERM', 'disconnect'] as const) process.on(event, () => stop.abort())

try {
  await count()
} catch (error) {
  if (!stop.signal.aborted) throw error // it was told to stop while it still connected
}
if (process.connected) process.disconnect()

async function count(): Promise<void> {
  const ledger = new Ledger(file)
  const castellan = await connect({ castle, service: 'demo-consumer', signal: stop.signal })
  stop.signal.addEventListener('abort', () => void castellan.close())
  // Often enough that a kill on the way has commits to go on from.
  const consumer = castellan.consumer({ group, topics: [topic], autoCommitIntervalMs: 200 })
  await consumer.runBatches(({ partition, messages }) => {
    const counted = messages.map((message) => ({ offset: message.offset, event: message.json() as FileChange }))
    ledger.apply(name, partition, counted)
  })
  await castellan.close()
  ledger.close()
}
