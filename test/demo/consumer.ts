// One consumer of the demo, in a process of its own: node consumer.ts CASTLE TOPIC GROUP LEDGER NAME. Ends on SIGTERM, having
// committed, and when whoever started it is gone.
import { connect } from '@castellan/sdk'
import type { FileChange } from './events.ts'
import { Ledger } from './ledger.ts'

const [castle = '', topic = '', group = '', file = '', name = ''] = process.argv.slice(2)
const ledger = new Ledger(file)
const castellan = await connect({ castle, service: 'demo-consumer' })
for (const event of ['SIGTERM', 'disconnect'] as const) process.once(event, () => void castellan.close())

const consumer = castellan.consumer({ group, topics: [topic] })
await consumer.runBatches(({ partition, messages }) => {
  const counted = messages.map((message) => ({ offset: message.offset, event: message.json() as FileChange }))
  ledger.apply(name, partition, counted)
})
await castellan.close()
ledger.close()
if (process.connected) process.disconnect()
