// What people and scripts do with the command line on a running platform. Calls run in this process, on streams in memory; what
// only a real process shows (signals, pipes, terminals, shells) is in command-line-process.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entries } from '@castellan/cli/commands'
import { type MemoryIoOptions, runHere } from '@castellan/cli/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { complaints, startPlatform, type TestPlatform, waitFor } from '../processes/index.ts'

let platform: TestPlatform
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-command-line-'))
  platform = await startPlatform({ brokers: 1 })
})

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await platform.stop()
})

async function run(words: string, options: MemoryIoOptions = {}) {
  const ran = await runHere([...words.split(' '), '--castle', platform.castle], options)
  return { ...ran, stderr: complaints(ran.stderr) }
}

/** The lines that a command prints with --json; it has to end well and say nothing else. */
async function json<T = Record<string, unknown>>(words: string, input?: string | Uint8Array): Promise<T[]> {
  const { code, stdout, stderr } = await run(`${words} --json`, input === undefined ? {} : { input })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as T)
}

test('every example of the help works, one after the other', async () => {
  for (const entry of entries) {
    const command = await entry.load()
    expect(entry.hidden === true || command.examples.length > 0, entry.name).toBe(true)
    for (const { words, input, notRun } of command.examples) {
      expect(words.startsWith(entry.name), words).toBe(true)
      if (notRun !== undefined) continue
      const address = command.options.some(({ name }) => name === 'castle') ? ['--castle', platform.castle] : []
      const ran = await runHere([...words.split(' '), ...address], input === undefined ? {} : { input })
      expect({ ...ran, stderr: complaints(ran.stderr) }, words).toMatchObject({ code: 0, stderr: '' })
      expect(ran.stdout, words).not.toBe('')
    }
  }
})

/** What is in a topic its brokers say, a moment after Castle has made it. */
async function untilTold(topic: string): Promise<void> {
  await waitFor('the broker to tell where its logs end', async () => {
    const { stdout } = await run(`topic describe ${topic} --json`)
    const { partitions } = JSON.parse(stdout) as { partitions: { offsets: { end: number | null } | null }[] }
    return partitions.every(({ offsets }) => offsets !== null && offsets.end !== null)
  })
}

describe('topics', () => {
  test('from the making to the end', async () => {
    const made = await run('topic create bills --partitions 3 --ack-level 1 --config retention.ms=3600000 --owner me')
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Topic bills is made \([0-9a-f-]{36}\)\.$/m) })
    expect(await run('topic create bills')).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringMatching(/^castellan: .*bills.*\n$/),
    })
    expect(await json('topic describe bills')).toMatchObject([
      { name: 'bills', ackLevel: 1, owner: 'me', partitions: [{ leader: 1 }, { leader: 1 }, { leader: 1 }] },
    ])
    const changed = await json('topic change bills --ack-level -1 --config max.message.bytes=2000 --yes')
    expect(changed).toMatchObject([
      { ackLevel: -1, configs: { 'retention.ms': '3600000', 'max.message.bytes': '2000' } },
    ])
    const reset = await json('topic change bills --reset retention.ms --label team=web --yes')
    expect(reset).toMatchObject([{ configs: { 'max.message.bytes': '2000' }, labels: { team: 'web' } }])
    const { stdout } = await run('topic list')
    expect(stdout).toMatch(/^TOPIC +STATE +PARTITIONS +REPLICAS +ACK +OWNER +ID$/m)
    expect(stdout).toMatch(/^bills +ok +3 +1 +-1 +me +[0-9a-f-]{36}$/m)
    await untilTold('bills')
    expect((await run('topic describe bills')).stdout).toMatch(/^ +0 +ok +- +1 +0 +1 +1 +- +0 +0 +0 +0 B$/m)
    expect(await run('topic elect bills --yes')).toMatchObject({ code: 0, stdout: 'No partition needs it.\n' })
    const elected = await run('topic elect bills --type unclean --partition 0 --yes')
    expect(elected).toMatchObject({ code: 4, stderr: expect.stringContaining('broker 1 leads') })
    const reassigned = await run('topic reassign bills --replicas 0=9 --dry-run')
    expect(reassigned).toMatchObject({ code: 4, stdout: expect.stringContaining('cannot be changed so') })
    expect(await run('topic reassign bills')).toMatchObject({ code: 2 })
    expect(await run('topic delete bills --yes')).toMatchObject({ code: 0, stdout: 'Topic bills is deleted.\n' })
    expect(await run('topic describe bills')).toMatchObject({ code: 3, stderr: expect.stringContaining("'bills'") })
  })

  test('a plan first: nothing is made, changed or deleted by it', async () => {
    const plan = await run('topic create planned --partitions 2 --dry-run')
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('survives the loss of 0 brokers') })
    expect(await run('topic describe planned')).toMatchObject({ code: 3 })
    const impossible = await run('topic create planned --replication-factor 7 --dry-run')
    expect(impossible).toMatchObject({ code: 4, stdout: expect.stringContaining('replicationFactor') })
    await run('topic create planned')
    expect((await run('topic change planned --ack-level 0 --dry-run')).stdout).toMatch(/ackLevel: -1 -> 0\n.*weaker/)
    expect((await run('topic change planned --ack-level -1 --dry-run')).stdout).toContain('nothing changes')
    await untilTold('planned')
    expect((await run('topic delete planned --dry-run')).stdout).toContain('6 partitions with 0 messages')
    expect(await json('topic describe planned')).toMatchObject([{ ackLevel: -1 }])
  })

  test('a person is asked, and has to type the name where it is dangerous', async () => {
    await run('topic create careful')
    const person = (...answers: string[]): MemoryIoOptions => ({ columns: 80, answers })
    const stronger = await run('topic change careful --config retention.ms=1000', person('y'))
    expect(stronger).toMatchObject({ code: 0, questions: ['Change topic careful? [y/N] '] })
    const no = await run('topic change careful --config retention.ms=2000', person(''))
    expect(no).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/retention\.ms: 1000 -> 2000[\s\S]*Nothing was done/),
    })
    const weaker = await run('topic change careful --ack-level 0', person('y'))
    expect(weaker).toMatchObject({ code: 1, questions: ['Change topic careful? Type careful to go on: '] })
    const meanwhile = async () => {
      await run('topic change careful --config retention.ms=1000 --config segment.ms=5000 --yes')
      return 'y'
    }
    const outdated = await run('topic change careful --config retention.ms=3000', { columns: 80, answers: [meanwhile] })
    expect(outdated).toMatchObject({ code: 4, stdout: '' })
    const gone = await run('topic delete careful', person()) // Ctrl-D
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was done') })
    expect(await run('topic delete careful')).toMatchObject({ code: 2, stderr: expect.stringContaining('give --yes') })
    expect(await json('topic describe careful')).toMatchObject([{ ackLevel: -1, configs: { 'retention.ms': '1000' } }])
    expect(await run('topic delete careful', person('careful'))).toMatchObject({ code: 0 })
  })
})

describe('messages', () => {
  test('lines in, messages out, and what the group has done', async () => {
    await run('topic create letters --partitions 2')
    const sent = await json('produce letters --separator : --header from=test', 'a:1\nb:2\na:3\n')
    expect(sent).toHaveLength(3)
    const plain = await run('produce letters --key c --partition 1', { input: 'four' })
    expect(plain).toMatchObject({ code: 0, stdout: '1 message sent to letters.\n', stderr: '' })

    const got = await json<{ key: string; value: string }>(
      'consume letters --group letter-readers --from earliest --max 4',
    )
    expect(got.filter(({ key }) => key === 'a').map(({ value }) => value)).toEqual(['1', '3'])
    expect(got.find(({ key }) => key === 'b')).toMatchObject({
      topic: 'letters',
      value: '2',
      headers: { from: 'test' },
    })
    expect(got.find(({ key }) => key === 'c')).toMatchObject({ partition: 1, value: 'four' })

    // What was printed was committed: the group has nothing left.
    const [group] = await json<{ offsets: { lag: number; end: number }[] }>('group describe letter-readers')
    expect(group?.offsets.map(({ lag }) => lag)).toEqual([0, 0])
    expect(group?.offsets.reduce((sum, { end }) => sum + end, 0)).toBe(4)
    expect((await run('group describe letter-readers')).stdout).toMatch(/^letters +0 +\d +\d +0$/m)
    const [groups] = await json<{ group: string }[]>('group list')
    expect(groups?.map(({ group }) => group)).toContain('letter-readers')
  })

  test('a group that stops after some of many has committed just those', async () => {
    await run('topic create many --partitions 1')
    await run('produce many', { input: Array.from({ length: 500 }, (_, index) => `m${index}\n`).join('') })
    const { stdout } = await run('consume many --group few --from earliest --max 123')
    expect(stdout.trim().split('\n')).toHaveLength(123)
    expect(await json('group describe few')).toMatchObject([{ offsets: [{ committed: 123, lag: 377 }] }])
    expect((await run('consume many --group few --max 1')).stdout).toBe('m123\n')
    // Nobody reads any more: what could not be printed is not committed.
    const piped = await run('consume many --group piped --from earliest', { writesMax: 7 })
    expect(piped).toMatchObject({ code: 0, stdout: expect.stringMatching(/^m0\n[\s\S]*m6\n$/), stderr: '' })
    expect(await json('group describe piped')).toMatchObject([{ offsets: [{ committed: 7, lag: 493 }] }])
  })

  test('without a group nobody joins: Castle hears of no group and no client', async () => {
    await run('topic create notes')
    await run('produce notes', { input: 'one\ntwo\n' })
    expect(await json('consume notes --from earliest --max 2')).toHaveLength(2)
    const [groups = []] = await json<{ topics: string[] }[]>('group list')
    expect(groups.filter(({ topics }) => topics.includes('notes'))).toEqual([])
  })

  test('every byte survives a copy by JSON', async () => {
    await run('topic create first --partitions 2')
    await run('topic create second --partitions 2')
    const messages = [
      {
        key: 'k',
        value: 'text',
        headers: { trace: ['1', '2', null] },
        partition: 1,
        timestamp: '2026-01-02T03:04:05.678Z',
      },
      {
        key: { base64: '/wA=' },
        value: { base64: '/v//AA==' },
        headers: { bin: { base64: 'gA==' } },
        partition: 0,
        timestamp: 7,
      },
      { key: null, value: null, partition: 0, timestamp: '2026-01-01T00:00:00Z' },
      { key: '\u{feff}mark', value: '', partition: 0, timestamp: 9 },
    ]
    await json('produce first --as json', messages.map((each) => JSON.stringify(each)).join('\n'))
    const { stdout } = await run('consume first --from earliest --until end --json')
    await json('produce second --as json', stdout)
    const [first, second] = [stdout, (await run('consume second --from earliest --until end --json')).stdout].map(
      (text) =>
        text
          .trim()
          .split('\n')
          .map((line) => ({ ...(JSON.parse(line) as object), topic: '' }))
          .sort(byPlace),
    )
    expect(second).toEqual(first)
    expect(first).toMatchObject([
      { partition: 0, key: { base64: '/wA=' }, value: { base64: '/v//AA==' }, timestamp: '1970-01-01T00:00:00.007Z' },
      { partition: 0, key: null, value: null, headers: {} },
      { partition: 0, key: '\u{feff}mark', value: '' },
      { partition: 1, key: 'k', headers: { trace: ['1', '2', null] }, timestamp: '2026-01-02T03:04:05.678Z' },
    ])
  })

  test('what is wrong is told by its number, the rest is sent, and the exit code says so', async () => {
    await run('topic create picky --partitions 1 --config max.message.bytes=300')
    const input = [
      '{"value":"a"}',
      '{"value":',
      '{"velue":"b"}',
      `{"value":"${'x'.repeat(2_000)}"}`,
      '{"value":{"id":1}}',
      '7',
    ]
    const { code, stdout, stderr } = await run('produce picky --as json', { input: input.join('\n') })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '2 messages sent to picky, 4 not sent.\n' })
    for (const line of [
      'line 2 was not sent: it is no JSON',
      "line 3 was not sent: there is no field 'velue'",
      'line 4 was not sent',
      'line 6',
    ]) {
      expect(stderr).toContain(line)
    }
    expect((await run('consume picky --from earliest --until end')).stdout).toBe('a\n{"id":1}\n')
  })

  test('files: by lines, or whole', async () => {
    await run('topic create papers --partitions 1')
    const [text, binary] = [join(folder, 'text.txt'), join(folder, 'binary')]
    writeFileSync(text, 'eins\r\nzwei\n\ndrei')
    writeFileSync(binary, Buffer.from([0, 10, 255]))
    expect((await run(`produce papers ${text}`)).stdout).toBe('4 messages sent to papers.\n')
    await run(`produce papers ${binary} --as whole --key b`)
    const values = await json<{ value: unknown }>('consume papers --from earliest --until end')
    expect(values.map(({ value }) => value)).toEqual(['eins\r', 'zwei', '', 'drei', { base64: 'AAr/' }])
    expect(await run(`produce papers ${text} ${folder}/none`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENOENT'),
    })
    expect(await json('consume papers --from earliest --until end')).toHaveLength(5)
  })

  test('from and until: offsets and times; only some partitions and keys; columns', async () => {
    await run('topic create hours --partitions 2')
    const at = (hour: number, key: string) => ({
      key,
      value: `v${hour}`,
      partition: 0,
      timestamp: `2026-01-01T0${hour}:00:00Z`,
    })
    const lines = [at(1, 'a'), at(2, 'b'), at(3, 'a'), { value: 'now', partition: 1 }]
    await json('produce hours --as json', lines.map((line) => JSON.stringify(line)).join('\n'))
    const values = async (words: string) => (await run(`consume hours ${words}`)).stdout.trim().split('\n').sort()
    expect(await values('--from 2 --until end')).toEqual(['v3'])
    expect(await values('--from 2026-01-01T02:00Z --until end')).toEqual(['now', 'v2', 'v3'])
    expect(await values('--from 2026-01-01T02:00 --until 2026-01-01T02:30Z')).toEqual(['v2'])
    expect(await values('--from -15m --until end')).toEqual(['now'])
    expect(await values('--from latest --until end')).toEqual([''])
    expect(await values('--from earliest --until end --partition 1')).toEqual(['now'])
    expect(await values('--from earliest --until end --key a')).toEqual(['v1', 'v3'])
    expect(await values('--from earliest --until end --key b --show all')).toEqual([
      '0\t1\t2026-01-01T02:00:00.000Z\tb\t-\tv2',
    ])
    expect(await run('consume hours --partition 2')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('0 to 1'),
    })
  })

  test('on a terminal a message gives no orders; in a pipe it is as it was sent', async () => {
    await run('topic create wild --partitions 1')
    await run('produce wild --key \u001b[2J', { input: '\u001b]0;title\u0007 \u202e' })
    const seen = await run('consume wild --from earliest --until end --show key', { columns: 80 })
    expect(seen.stdout).toBe('\\e[2J\t\\e]0;title\\x07 \\u{202e}\n')
    expect((await run('consume wild --from earliest --until end')).stdout).toBe('\u001b]0;title\u0007 \u202e\n')
  })
})

test('status: everything is well, for people and programs', async () => {
  const { code, stdout } = await run('status')
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/Castle .*\n[\s\S]*^ +1 +default +up [\s\S]*Nothing is wrong/m),
  })
  expect(await json('status')).toMatchObject([{ ok: true, brokers: [{ id: 1 }], problems: [] }])
})

test('names for completion: what can be typed, and nothing when Castle is away', async () => {
  await run('topic create named.topic')
  expect((await run('names topics')).stdout.split('\n')).toContain('named.topic')
  expect(await runHere('names topics --castle http://127.0.0.1:9')).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
    questions: [],
  })
})

test.each([
  ['topic change letters', 2, 'Say what to change'],
  ['topic create', 2, "'topic create' needs NAME"],
  ['topic create x --ack-level 2', 2, "--ack-level is '2', but must be one of -1, 1, 0."],
  ['topic create x --config retention.ms', 2, "--config is 'retention.ms', but must be NAME=VALUE"],
  ['topic create x --config no.such=1', 2, 'no.such'],
  ['topic', 2, 'topic describe'],
  ['dance', 2, "There is no command 'dance"],
  ['topics', 2, "There is no command 'topics"],
  ['topic creat x', 2, 'did you mean castellan topic create?'],
  ['produce letters --separator : --key zz', 2, '--key and --separator both say what the key is: give one of them.'],
  ['produce letters --as json --separator :', 2, '--separator is for --as lines'],
  ['produce nowhere', 3, "'nowhere'"],
  ['produce nowhere-at-all!', 3, 'nowhere-at-all!'],
  ['consume nowhere', 3, "'nowhere'"],
  ['consume letters --from yesterday', 2, "--from is 'yesterday', but must be earliest, latest, an offset"],
  ['consume letters --group g --from 7', 2, 'With --group'],
  ['consume letters --show colour', 2, '--show has'],
  ['consume letters --json --show key', 2, 'leave --show out'],
  ['group describe nobody', 3, 'nobody'],
  ['client describe nobody', 3, 'nobody'],
  ['topic list --cluster other', 3, 'other'],
])('%s: exit code %i', async (words, code, sentence) => {
  const result = await run(words, words.startsWith('produce') ? { input: 'x\n' } : {})
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) })
  expect(result.stderr).toMatch(/^castellan: /)
})

test.each([
  ['topic list --castle localhost:8600', 2, '--castle is'],
  ['topic list --castle http://127.0.0.1:9', 5, 'Castle does not answer at http://127.0.0.1:9'],
  ['consume letters --castle http://127.0.0.1:9', 5, 'Castle does not answer'],
  ['produce letters --castle http://127.0.0.1:9', 5, 'Castle does not answer'],
  ['status --castle http://127.0.0.1:9', 5, 'Castle does not answer'],
])('Castle away: %s', async (words, code, sentence) => {
  expect(await runHere(words)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) })
})

test('of several addresses of Castle, one that answers is enough', async () => {
  const { code } = await runHere(['topic', 'list', '--castle', `http://127.0.0.1:9,${platform.castle}`])
  expect(code).toBe(0)
})

function byPlace(one: object, other: object): number {
  const key = (each: object) =>
    JSON.stringify([(each as { partition: number }).partition, (each as { offset: number }).offset])
  return key(one) < key(other) ? -1 : 1
}
