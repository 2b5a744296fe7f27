// A data folder that the first release wrote opens, and nothing in it is lost: topics, messages, what groups have committed.
import { nodeRuntime, silentLogger } from '@castellan/protocol/runtime'
import { connect } from '@castellan/sdk'
import { Admin, KafkaClient } from '@castellan/sdk/kafka'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readAll } from '../clients/read-all.ts'
import { castellan, TestProcess, waitFor } from '../processes/index.ts'
import type { Content, MessageContent } from './record/fill.ts'
import { firstRelease, Release } from './release.ts'

let release: Release
beforeEach(() => {
  release = new Release(firstRelease)
})
afterEach(() => release.remove())

test.each(['stopped', 'killed'] as const)('%s: all is there, and goes on', async (kind) => {
  const content = release.content(kind)
  const platform = new TestProcess('start', castellan, startWords(release.data(kind)))
  try {
    const { castle, bootstrap } = await waitFor('the platform to be ready', () => addressesIn(platform.stdout), 40_000)
    await expectTopics(castle, content)
    for (const { name, messages } of content.topics) expect(await messagesIn(bootstrap, name)).toEqual(sorted(messages))
    // Where a member began is committed as well, when it got a partition.
    const began = { 'orders/0': 0, 'orders/1': 0, 'orders/2': 0 }
    const committed = await committedBy(bootstrap, content.group)
    expect({ ...began, ...committed }).toEqual({ ...began, ...content.committed })
    await expectToGoOn(castle, content)
  } finally {
    await platform.stop()
  }
})

function startWords(data: string): string[] {
  return ['start', '--data', data, '--castle-port', '0', '--broker-port', '0', '--no-restart']
}

function addressesIn(stdout: string): { castle: string; bootstrap: string } | undefined {
  const [, castle, bootstrap] = /^ready castle=(\S+) bootstrap=(\S+)$/m.exec(stdout) ?? []
  return castle === undefined || bootstrap === undefined ? undefined : { castle, bootstrap }
}

async function expectTopics(castle: string, content: Content): Promise<void> {
  for (const { name, topicId, partitions, ackLevel, configs } of content.topics) {
    const topic = await get(`${castle}/api/topics/${name}`)
    expect(topic).toMatchObject({
      topicId,
      ackLevel,
      configs,
      partitions: Array.from({ length: partitions }, () => ({})),
    })
  }
  const deleted = await Promise.all(content.deleted.map((name) => fetch(`${castle}/api/topics/${name}`)))
  expect(deleted.map(({ status }) => status)).toEqual([404])
  const { items } = await get<{ items: { faults: object[]; strays: object[] }[] }>(`${castle}/api/brokers`)
  expect(items.map(({ faults, strays }) => [faults, strays])).toEqual([
    [[], []],
    [[], []],
    [[], []],
  ])
}

/** The next message of each partition stands behind the last one, and the group reads on where it was. */
async function expectToGoOn(castle: string, { topics, group, committed }: Content): Promise<void> {
  const services = await connect({ castle, service: 'test', log: silentLogger })
  try {
    for (const { name, partitions, messages } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const before = messages.filter(([at]) => at === partition).length
        const sent = await services.producer().send({ topic: name, partition, value: 'next' })
        expect(sent).toEqual({ partition, offset: before })
      }
    }
    const first = new Map<string, number>()
    const consumer = services.consumer({ group, topics: ['orders'] })
    const running = consumer.run(async ({ partition, offset }) => {
      if (!first.has(`orders/${partition}`)) first.set(`orders/${partition}`, offset)
    })
    await waitFor('a message of each partition', () => first.size === 3)
    await consumer.close()
    await running
    const expected = [0, 1, 2].map((partition) => [`orders/${partition}`, committed[`orders/${partition}`] ?? 0])
    expect([...first].sort()).toEqual(expected)
  } finally {
    await services.close()
  }
}

async function messagesIn(bootstrap: string, topic: string): Promise<MessageContent[]> {
  const messages = await readAll(bootstrap, topic)
  return sorted(
    messages.map(({ partition, offset, key, value }) => [
      partition,
      offset,
      key === null ? null : Buffer.from(key).toString(),
      Buffer.from(value ?? []).toString(),
    ]),
  )
}

function sorted(messages: readonly MessageContent[]): MessageContent[] {
  return messages.toSorted((one, other) => one[0] - other[0] || one[1] - other[1])
}

async function committedBy(bootstrap: string, group: string): Promise<Record<string, number>> {
  const addresses = bootstrap.split(',').map((address) => {
    const [host = '', port] = address.split(':')
    return { host, port: Number(port) }
  })
  const client = new KafkaClient(nodeRuntime(), { bootstrap: addresses, clientId: 'test' }, silentLogger)
  try {
    const offsets = await new Admin(client).groupOffsets(group)
    return Object.fromEntries(offsets.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  } finally {
    client.close()
  }
}

async function get<T = unknown>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}
