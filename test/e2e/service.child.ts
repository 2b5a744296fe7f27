// A service as teams write it, in its own process: it answers each message of a topic with one to another, and has a server that would
// keep it alive. Words: Castle's URL, the topic, and how it is to end.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@castellan/sdk'

const [castle = '', topic = '', ends = ''] = process.argv.slice(2)
const say = (word: string) => process.stdout.write(`${word}\n`)

const castellan = await connect({ castle, service: 'child' })
const producer = castellan.producer()
const consumer = castellan.consumer({ group: `${topic}-${ends}`, topics: [topic] })
const running = consumer.run(async (message, { signal }) => {
  say('handling')
  await sleep(300, undefined, { signal })
  producer.post({ topic: `${topic}-out`, key: ends, value: message.text })
  say('handled')
})

if (ends === 'by itself') {
  process.on('SIGUSR2', () => void castellan.close({ timeoutMs: 300 }).then(() => say('closed')))
} else {
  const server = createServer().listen(0, '127.0.0.1')
  const before = async () => {
    say('before')
    server.close()
    await producer.send({ topic: `${topic}-out`, key: ends, value: 'the last request' })
  }
  if (ends === 'others') {
    process.once('SIGTERM', () => void running.then(() => sleep(100)).then(() => process.exit(42)))
    castellan.closeOnSignals()
  } else {
    castellan.closeOnSignals(ends === 'late' ? { timeoutMs: 500 } : { before })
  }
}
await consumer.ready
say('ready')
