// The commands that people and scripts use against a running platform, each in its own process.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { castellan, startPlatform, type TestPlatform, TestProcess } from '../processes/index.ts'

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform({ brokers: 1 })
})

afterAll(() => platform.stop())

interface Run {
  code: number | null
  stdout: string
  stderr: string
}

async function run(words: string, input?: string): Promise<Run> {
  const process = new TestProcess('castellan', castellan, [...words.split(' '), '--castle', platform.castle], {
    ...(input === undefined ? {} : { input }),
  })
  const { code } = await process.ended
  return { code, stdout: process.stdout, stderr: process.stderr }
}

async function json(words: string, input?: string): Promise<unknown[]> {
  const { code, stdout, stderr } = await run(`${words} --json`, input)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trim().split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown)
}

test('a topic from its making to its end', async () => {
  const made = await run('topic create orders --partitions 3 --ack-level 1 --config retention.ms=3600000')
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Topic orders is made \([0-9a-f-]{36}\)\.$/m) })
  const again = await run('topic create orders')
  expect(again).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^castellan: .*orders.*\n$/) })

  const [described] = await json('topic describe orders')
  expect(described).toMatchObject({
    name: 'orders',
    ackLevel: 1,
    partitions: [{ leader: 1 }, { leader: 1 }, { leader: 1 }],
  })
  const changed = await json('topic change orders --ack-level -1 --config max.message.bytes=2000')
  expect(changed).toMatchObject([{ ackLevel: -1, configs: { 'retention.ms': '3600000', 'max.message.bytes': '2000' } }])

  const { stdout } = await run('topic list')
  expect(stdout).toMatch(/^TOPIC +PARTITIONS +ACK +ID$/m)
  expect(stdout).toMatch(/^orders +3 +-1 +[0-9a-f-]{36}$/m)

  expect(await run('topic delete orders')).toMatchObject({ code: 0, stdout: 'Topic orders is deleted.\n' })
  expect(await run('topic describe orders')).toMatchObject({ code: 1, stderr: expect.stringContaining("'orders'") })
})

test('lines in, messages out, and what the group has done', async () => {
  await run('topic create letters --partitions 2')
  const sent = await json('produce letters --separator : --header from=test', 'a:1\nb:2\na:3\n')
  expect(sent).toHaveLength(3)
  const plain = await run('produce letters --key c --partition 1', 'four\n')
  expect(plain).toMatchObject({ code: 0, stdout: '1 messages sent to letters.\n', stderr: '' })

  const got = (await json('consume letters --group readers --from earliest --max 4')) as {
    key: string
    value: string
  }[]
  expect(got).toHaveLength(4)
  expect(got.filter(({ key }) => key === 'a').map(({ value }) => value)).toEqual(['1', '3'])
  expect(got.find(({ key }) => key === 'b')).toMatchObject({ topic: 'letters', value: '2', headers: { from: 'test' } })
  expect(got.find(({ key }) => key === 'c')).toMatchObject({ partition: 1, value: 'four' })

  // What was printed was committed: the group gets nothing twice.
  expect(await json('consume letters --group readers --from earliest --idle-ms 1500')).toEqual([])
  const [groups] = (await json('group list')) as { group: string }[][]
  expect(groups?.map(({ group }) => group)).toContain('readers')
  const [group] = (await json('group describe readers')) as { offsets: { lag: number; end: number }[] }[]
  expect(group?.offsets.map(({ lag }) => lag)).toEqual([0, 0])
  expect(group?.offsets.reduce((sum, { end }) => sum + end, 0)).toBe(4)
  expect((await run('group describe readers')).stdout).toMatch(/^letters +0 +\d +\d +0$/m)
})

test('without --group nothing is committed', async () => {
  await run('topic create notes')
  await run('produce notes', 'one\ntwo\n')
  expect(await json('consume notes --from earliest --max 2')).toHaveLength(2)
  const [groups = []] = (await json('group list')) as { group: string }[][]
  const own = groups.map(({ group }) => group).filter((name) => name.startsWith('castellan-cli-'))
  for (const name of own) {
    const [group] = (await json(`group describe ${name}`)) as { offsets: unknown[] }[]
    expect(group?.offsets).toEqual([])
  }
})

test.each([
  ['topic change letters', 2, 'Say what to change'],
  ['topic create', 2, "'topic create' needs NAME"],
  ['topic create x --ack-level 2', 2, "--ack-level is '2', but must be one of -1, 1, 0."],
  ['topic create x --config retention.ms', 2, "--config is 'retention.ms', but must be NAME=VALUE"],
  ['topic create x --config no.such=1', 1, 'no.such'],
  ['topic', 2, 'topic describe'],
  ['dance', 2, "There is no command 'dance"],
  ['produce letters --separator : --key zz', 2, '--key and --separator both say what the key is: give one of them.'],
  ['produce nowhere-at-all!', 1, 'nowhere-at-all!'],
  ['group describe nobody', 1, 'nobody'],
  ['broker --node.id 1', 2, 'broker'],
])('%s: exit code %i', async (words, code, sentence) => {
  const result = await run(words, words.startsWith('produce') ? 'x\n' : undefined)
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) })
})

test('Castle away: one sentence', async () => {
  for (const words of ['topic list', 'consume letters']) {
    const process = new TestProcess('castellan', castellan, [...words.split(' '), '--castle', 'http://127.0.0.1:9'])
    expect(await process.ended).toMatchObject({ code: 1 })
    expect(process.stderr.trim().split('\n').at(-1)).toMatch(/^castellan: .*http:\/\/127\.0\.0\.1:9/)
  }
})
