// Everything in a topic, read by our own plain client: what a foreign producer wrote.
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { Admin, KafkaClient, type Message } from '@castellan/sdk/kafka'

/** All messages of a topic, partition by partition, in the order of their offsets. */
export async function readAll(bootstrap: string, topic: string): Promise<Message[]> {
  const addresses = bootstrap.split(',').map((address) => {
    const [host, port] = address.split(':')
    return { host: host ?? '', port: Number(port) }
  })
  const client = new KafkaClient(nodeRuntime(), { bootstrap: addresses, clientId: 'read-all' }, silentLogger)
  try {
    const admin = new Admin(client)
    const messages: Message[] = []
    for (const { partition, offset: end } of await admin.offsets(topic, 'latest')) {
      for (let offset = 0; offset < end; ) {
        const read = await admin.read({ topic, partition, offset, messagesMax: 100_000 })
        messages.push(...read.messages)
        offset = read.nextOffset
      }
    }
    return messages
  } finally {
    client.close()
  }
}
