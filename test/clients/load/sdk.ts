// A steady producer by our SDK: see index.ts for its words and what it prints. Its first word is Castle's URL; how its sends are
// acknowledged is the topic's own level.
import { silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'

const [castle = '', topic = '', ...words] = process.argv.slice(2)
const [partitions = 1, perSecond = 1] = words.slice(0, 2).map(Number)
const name = words[3] ?? ''

const castellan = await connect({ castle, service: name, log: silentLogger })
const producer = castellan.producer()
const next: number[] = Array.from({ length: partitions }, () => 0)
const startMs = performance.now()
let sent = 0

function say(...fields: readonly (string | number)[]): void {
  process.stdout.write(`${fields.join(' ')}\n`)
}

function send(partition: number): void {
  const n = next[partition]!++
  const key = `${name}-${partition}`
  producer.send({ topic, key, partition, value: `${key} ${n}`.padEnd(100) }).then(
    ({ offset }) => say('a', partition, n, offset, (performance.timeOrigin + performance.now()).toFixed(3)),
    (error: unknown) => say('f', partition, n, String(error).replaceAll('\n', ' ')),
  )
}

const timer = setInterval(() => {
  const owed = Math.floor(((performance.now() - startMs) * perSecond) / 1_000)
  for (; sent < owed; sent++) send(sent % partitions)
}, 5)
process.stdin.resume()
process.stdin.once('close', async () => {
  clearInterval(timer)
  await producer.flush()
  await castellan.close()
  for (const [partition, count] of next.entries()) say('sent', partition, count)
})
