// The log that the demo leaves behind, read back by the plain Kafka client and held against what was sent.
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import { parseEvent } from './events.ts'
import type { DemoResult } from './run.ts'

export async function withAdmin<T>(bootstrap: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const addresses = bootstrap.split(',').map((address) => {
    const at = address.lastIndexOf(':')
    return { host: address.slice(0, at), port: Number(address.slice(at + 1)) }
  })
  const client = new KafkaClient(nodeRuntime(), { bootstrap: addresses, clientId: 'demo-check' }, silentLogger)
  try {
    return await use(new Admin(client))
  } finally {
    await client.close()
  }
}

/** The values of each partition, by offset. */
export function readLog(bootstrap: string, topic: string): Promise<string[][]> {
  return withAdmin(bootstrap, async (admin) => {
    const ends = await admin.offsets(topic, 'latest')
    return Promise.all(
      ends.map(async ({ partition, offset: end }) => {
        const values: string[] = []
        for (let offset = 0; offset < end; ) {
          const options = { topic, partition, offset, messagesMax: 10_000, waitMs: 5_000 }
          const { messages, nextOffset } = await admin.read(options)
          for (const message of messages) values[message.offset] = message.text ?? ''
          if (nextOffset === offset)
            throw new Error(`partition ${partition} gives nothing at offset ${offset} of ${end}`)
          offset = nextOffset
        }
        return values
      }),
    )
  })
}

/** What is wrong with the log; nothing, if every line stands once, where its producer was told, and in order within its path. */
export function problemsOf(log: readonly (readonly string[])[], { lines, sent }: DemoResult): string[] {
  const problems: string[] = []
  const stored = log.reduce((sum, values) => sum + values.length, 0)
  if (stored !== lines.length) problems.push(`${stored} messages are in the log of ${lines.length} sent`)
  const lastOffsets = new Map<string, number>()
  for (const [index, line] of lines.entries()) {
    const { partition, offset } = sent[index] ?? { partition: -1, offset: -1 }
    if (log[partition]?.[offset] !== line)
      problems.push(`line ${index} is not at partition ${partition}, offset ${offset}`)
    const { path } = parseEvent(line)
    const place = `${partition} ${path}`
    if (offset <= (lastOffsets.get(place) ?? -1)) problems.push(`line ${index} stands before an earlier one of ${path}`)
    lastOffsets.set(place, offset)
  }
  return problems
}
