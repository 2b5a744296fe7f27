// Apache Kafka's own command-line tools, that is the Java clients: topics, settings, offsets, and a KIP-848 group.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { missingTools, needing, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'
import { JavaProcess } from './apache-kafka/index.ts'

const test = needing('Java', 'Maven')
const messages = 20_000
/** Each tool is a Java that starts: seconds, on a busy machine many. */
const ofTools = { timeout: 240_000 }
let platform: TestPlatform
const folder = mkdtempSync(join(tmpdir(), 'castellan-java-'))

beforeAll(async () => {
  if (missingTools().some((tool) => tool === 'Java' || tool === 'Maven')) return
  platform = await startPlatform()
})
afterAll(async () => {
  await platform?.stop()
  rmSync(folder, { recursive: true })
})

async function run(tool: string, ...args: string[]): Promise<string> {
  const java = new JavaProcess(tool, args, { jvm: ['-XX:TieredStopAtLevel=1', '-Xmx256m'] })
  await java.done()
  return java.output
}

const topics = (...args: string[]) =>
  run('org.apache.kafka.tools.TopicCommand', '--bootstrap-server', platform.bootstrap, ...args)

test('topics: made, listed, described, deleted', ofTools, async () => {
  await topics('--create', '--topic', 'by-java', '--partitions', '3', '--config', 'retention.ms=86400000')
  expect(await topics('--list')).toContain('by-java')
  const described = await topics('--describe', '--topic', 'by-java')
  expect(described).toContain('PartitionCount: 3')
  expect(described).toContain('retention.ms=86400000')
  await topics('--delete', '--topic', 'by-java')
  expect(await topics('--list')).not.toContain('by-java')
})

test('replicas: more partitions, others that hold them, preferred leaders, sizes', ofTools, async () => {
  const at = ['--bootstrap-server', platform.bootstrap]
  await topics('--create', '--topic', 'kept', '--partitions', '2', '--replication-factor', '3')
  await topics('--alter', '--topic', 'kept', '--partitions', '3')
  const described = await topics('--describe', '--topic', 'kept')
  expect(described).toContain('PartitionCount: 3')
  // Asked by DescribeTopicPartitions, as whoever knows eligible leaders is.
  expect(described).toContain('Elr:')
  const file = join(folder, 'reassignment.json')
  const wanted = { version: 1, partitions: [{ topic: 'kept', partition: 0, replicas: [2, 3] }] }
  writeFileSync(file, JSON.stringify(wanted))
  const reassign = (...args: string[]) =>
    run('org.apache.kafka.tools.reassign.ReassignPartitionsCommand', ...at, ...args)
  const plan = ['--reassignment-json-file', file]
  expect(await reassign(...plan, '--execute')).toContain('Successfully started partition reassignment for kept-0')
  await waitFor('the replicas to be others', async () => {
    return (await reassign(...plan, '--verify')).includes('kept-0 is completed')
  })
  expect(await reassign('--list')).toContain('No partition reassignments found.')
  const elect = ['--election-type', 'preferred', '--topic', 'kept', '--partition', '0']
  const elected = await run('org.apache.kafka.tools.LeaderElectionCommand', ...at, ...elect)
  expect(elected).toMatch(/Successfully completed leader election|Valid replica already elected/)
  const sizes = await run('org.apache.kafka.tools.LogDirsCommand', ...at, '--describe', '--topic-list', 'kept')
  expect(sizes).toContain('"partition":"kept-0"')
})

test('an idempotent producer, offsets, and a group of one consumer', ofTools, async () => {
  await topics('--create', '--topic', 'flow', '--partitions', '3')
  const properties = ['--command-property', `bootstrap.servers=${platform.bootstrap}`]
  const size = ['--num-records', String(messages), '--record-size', '100', '--throughput', '-1']
  const produced = await run('org.apache.kafka.tools.ProducerPerformance', '--topic', 'flow', ...size, ...properties)
  expect(produced).toContain(`${messages} records sent`)
  const at = ['--bootstrap-server', platform.bootstrap, '--topic', 'flow']
  const offsets = await run('org.apache.kafka.tools.GetOffsetShell', ...at)
  const ends = [...offsets.matchAll(/^flow:\d+:(\d+)$/gm)].map(([, offset]) => Number(offset))
  expect(ends.reduce((sum, end) => sum + end, 0)).toBe(messages)
  const group = ['--command-property', 'group.protocol=consumer', '--command-property', 'group.id=java']
  const until = ['--from-beginning', '--max-messages', String(messages), '--timeout-ms', '30000']
  const consumed = await run('org.apache.kafka.tools.consumer.ConsoleConsumer', ...at, ...group, ...until)
  expect(consumed).toContain(`Processed a total of ${messages} messages`)

  const groups = (...args: string[]) =>
    run('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', '--bootstrap-server', platform.bootstrap, ...args)
  expect(await groups('--list', '--state')).toMatch(/^java +Empty/m)
  const lags = [
    ...(await groups('--describe', '--group', 'java')).matchAll(/^java +flow +\d +(\d+) +(\d+) +(\d+) +-/gm),
  ]
  expect(lags.map(([, , end]) => Number(end)).sort()).toEqual(ends.sort())
  expect(lags.every(([, committed, end, lag]) => committed === end && lag === '0')).toBe(true)
})

test('settings of topics and brokers', ofTools, async () => {
  await topics('--create', '--topic', 'settings')
  const configs = (...args: string[]) =>
    run('kafka.admin.ConfigCommand', '--bootstrap-server', platform.bootstrap, ...args)
  const all = ['--describe', '--all']
  expect(await configs(...all, '--topic', 'settings')).toContain('retention.ms=604800000')
  expect(await configs(...all, '--broker', '1')).toContain('socket.request.max.bytes=104857600')

  const alter = (...args: string[]) => configs('--alter', '--topic', 'settings', ...args)
  await alter('--add-config', 'retention.ms=86400000,segment.bytes=2097152')
  await alter('--delete-config', 'retention.ms')
  const set = await configs('--describe', '--topic', 'settings')
  expect(set).toContain('segment.bytes=2097152')
  expect(set).not.toContain('retention.ms')
  await expect(alter('--add-config', 'retention.ms=soon')).rejects.toThrow(
    /InvalidConfigurationException: retention.ms=soon.*must be a whole number/,
  )
  const throttle = ['--alter', '--broker', '1', '--add-config', 'leader.replication.throttled.rate=1000']
  await expect(configs(...throttle)).rejects.toThrow(/InvalidConfigurationException: .*does not throttle replication/)
})
