// One member of a group by our SDK, in a process of its own: node consumer.ts CASTLE GROUP NAME TOPIC... It prints a line for each message
// that it worked on, when it stopped working on it: `h KEY N TOPIC PARTITION OFFSET EPOCH START_MS END_MS DONE`. Ends when its input does.
import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'

const [castle = '', group = '', name = '', ...topics] = process.argv.slice(2)
const now = () => performance.timeOrigin + performance.now()

const castellan = await connect({ castle, service: name, log: silentLogger })
process.stdin.resume()
process.stdin.once('close', () => void castellan.close())
const consumer = castellan.consumer({ group, topics, start: 'earliest', autoCommitIntervalMs: 500 })
await consumer.run(async ({ text, topic, partition, offset }, { signal, assignmentEpoch }) => {
  const startMs = now()
  const [key, n] = (text ?? '').trim().split(' ')
  // A turn of the event loop, as work has, in which the partition may be lost.
  await new Promise((resolve) => setImmediate(resolve))
  const done = signal.aborted ? 0 : 1
  const fields = [key, n, topic, partition, offset, assignmentEpoch, startMs.toFixed(3), now().toFixed(3), done]
  process.stdout.write(`h ${fields.join(' ')}\n`)
  signal.throwIfAborted()
})
