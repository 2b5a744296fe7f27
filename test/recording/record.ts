// Makes protocol/testdata/recorded.json: what clients that others wrote really send, for the tests there to
// decode and encode again.
//
//   node test/recording/record.ts                        answers the clients by itself
//   node test/recording/record.ts 127.0.0.1:9092         stands before a real broker and keeps its answers as well
//
// Clients: kafkajs, @platformatic/kafka, kcat, and Java's own if there is a java and
// kafka-clients in ~/.m2. What is missing is left out, and what was recorded of it before is kept.
import { spawn } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { type Recorded, Recorder } from './recorder.ts'

const file = new URL('../../protocol/testdata/recorded.json', import.meta.url)

type Play = (bootstrap: string, topic: string) => Promise<void>

async function kafkajs(bootstrap: string, topic: string): Promise<void> {
  const kafka = new Kafka({
    clientId: 'kafkajs',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 8, initialRetryTime: 200 },
  })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '1000' }] }],
  })
  await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: topic }] })
  await admin.fetchTopicOffsets(topic)
  await admin.fetchTopicOffsetsByTimestamp(topic, 1_700_000_000_000)
  // A broker that has just made its offsets topic needs a moment, and kafkajs does not wait for it.
  for (let left = 20; left > 0; left--) {
    const fetched = admin.fetchOffsets({ groupId: 'g', topics: [topic] })
    if (
      await fetched.then(
        () => true,
        () => sleep(250, false),
      )
    )
      break
  }
  for (const idempotent of [false, true]) {
    const producer = kafka.producer({ idempotent })
    await producer.connect()
    await producer.send({
      topic,
      messages: [
        { key: 'k', value: 'héllo', headers: { h: 'v' }, partition: 0 },
        { value: 'x'.repeat(5_000), partition: 1 },
      ],
    })
    if (!idempotent) await producer.send({ topic, acks: 0, messages: [{ value: 'not answered' }] })
    await producer.disconnect()
  }
  await admin.deleteTopics({ topics: [topic] }).catch(() => {})
  await admin.disconnect()
}

async function platformatic(bootstrap: string, topic: string): Promise<void> {
  const base = { clientId: 'platformatic', bootstrapBrokers: [bootstrap], retries: 10, retryDelay: 200 }
  const admin = new Admin(base)
  await admin.createTopics({
    topics: [topic],
    partitions: 2,
    replicas: 1,
    configs: [{ name: 'retention.ms', value: '1000' }],
  })
  await admin.metadata({ topics: [topic] })
  await admin.describeConfigs({
    resources: [{ resourceType: 2, resourceName: topic }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true })
  await producer.send({ messages: [{ topic, partition: 0, key: 'k', value: 'héllo', headers: { h: 'v' } }] })
  await producer.close()
  const consumer = new Consumer({
    ...base,
    groupId: 'g',
    groupProtocol: 'consumer',
    deserializers: stringDeserializers,
  })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 50 })
  for await (const message of stream) {
    await message.commit()
    break
  }
  await consumer.listOffsets({ topics: [topic] })
  await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0, 1] }] })
  await consumer.close(true)
  await admin.listConsumerGroupOffsets({ groups: ['g'] }).catch(() => {})
  await admin.deleteTopics({ topics: [topic] })
  await admin.close()
}

async function kcat(bootstrap: string, topic: string): Promise<void> {
  const run = (args: string[], input = '') =>
    execute('kcat', ['-b', bootstrap, '-X', 'client.id=kcat', '-m', '5', ...args], input)
  await run(['-L'])
  await run(['-L', '-t', topic])
  await run(['-P', '-t', topic, '-p', '0', '-k', 'k', '-H', 'h=v'], 'héllo\n')
  await run(
    ['-P', '-t', topic, '-p', '0', '-X', 'enable.idempotence=true', '-z', 'lz4'],
    `${'x'.repeat(5_000)}\nsecond\n`,
  )
  await run(['-P', '-t', topic, '-p', '0', '-X', 'acks=0'], 'not answered\n')
  await run(['-C', '-t', topic, '-p', '0', '-o', 'beginning', '-c', '1'])
  await run(['-C', '-t', topic, '-o', 's@1700000000000', '-e'])
  await run(['-Q', '-t', `${topic}:0:1700000000000`])
}

async function java(bootstrap: string, topic: string): Promise<void> {
  const jars = globSync(`${homedir()}/.m2/repository/{org/apache/kafka/kafka-clients,org/slf4j/slf4j-api}/*/*.jar`)
  await execute('java', ['-cp', jars.join(':'), new URL('RecordJava.java', import.meta.url).pathname, bootstrap, topic])
}

function execute(command: string, args: string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'], timeout: 55_000 })
    let said = ''
    process_.stderr.on('data', (data) => (said += data))
    process_.on('error', reject)
    process_.on('exit', (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${said.slice(-2_000)}`)),
    )
    process_.stdin.end(input)
  })
}

const [host, port] = (process.argv[2] ?? '').split(':')
const recorder = await Recorder.start(host && port ? { host, port: Number(port) } : null)
const plays: Record<string, Play> = { kafkajs, platformatic, kcat, java }
const only = process.argv[3]
for (const [client, play] of Object.entries(plays)) {
  if (only && only !== client) continue
  try {
    await Promise.race([
      play(`127.0.0.1:${recorder.address.port}`, `fixtures-${client}`),
      sleep(60_000).then(() => Promise.reject(new Error('not done in a minute'))),
    ])
    console.log(client, 'recorded')
  } catch (error) {
    console.error(client, error)
  }
}
await recorder.stop()

const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded[]) : []
const renewed = new Set(recorder.recorded.map(({ client, side }) => `${client} ${side}`))
const all = [...before.filter(({ client, side }) => !renewed.has(`${client} ${side}`)), ...recorder.recorded]
const text = (each: Recorded) =>
  `${each.client} ${each.side} ${each.api} ${String(each.version).padStart(3)} ${each.frame.length}`
all.sort((a, b) => (text(a) < text(b) ? -1 : 1))
writeFileSync(file, `[\n${all.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`)
console.log(`${all.length} messages`)
process.exit(0)
