// What only a real process of the command line shows: signals, pipes that close, terminals, shells that complete.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  castellan,
  complaints,
  needing,
  root,
  startPlatform,
  type TestPlatform,
  TestProcess,
  waitFor,
} from '../processes/index.ts'

let platform: TestPlatform
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'castellan-shell-'))
  const shim = join(folder, 'castellan')
  writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${castellan}' "$@"\n`)
  chmodSync(shim, 0o755)
  platform = await startPlatform({ brokers: 2 })
  await shell('castellan topic create orders --partitions 2 && castellan topic create other.topic')
})

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await platform.stop()
})

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
    CASTELLAN_CASTLE: platform.castle,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
  }
}

/** What a person would type into bash, with `castellan` on the path. */
function shell(script: string, program = 'bash'): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['-c', script], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (text: Buffer) => {
      stdout += text.toString()
    })
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr: complaints(stderr) }))
  })
}

describe('consume', () => {
  test('follows what comes; Ctrl-C ends it with what was printed committed', async () => {
    const words = ['consume', 'orders', '--group', 'followers', '--from', 'earliest', '--castle', platform.castle]
    const follower = new TestProcess('consume', castellan, words)
    await shell("printf 'one\\n' | castellan produce orders")
    await waitFor('the first message', () => follower.stdout.includes('one'))
    await shell("printf 'two\\nthree\\n' | castellan produce orders")
    await waitFor('what came later', () => follower.stdout.includes('two') && follower.stdout.includes('three'))
    follower.signal('SIGINT')
    expect(await follower.ended).toEqual({ code: 0, signal: null })
    expect(complaints(follower.stderr)).toBe('')
    const { stdout } = await shell('castellan group describe followers --json')
    const { offsets, members } = JSON.parse(stdout) as { offsets: { committed: number }[]; members: unknown[] }
    expect(offsets.reduce((sum, { committed }) => sum + committed, 0)).toBe(3)
    expect(members).toEqual([])
  })

  test('without a group it goes on where it was when the broker is back, and ends when the topic is deleted', async () => {
    await shell('castellan topic create lasting --partitions 2')
    const follower = new TestProcess('consume', castellan, [
      ...['consume', 'lasting', '--from', '7', '--castle', platform.castle],
    ])
    await waitFor(
      'it to say that there is no such offset',
      () => follower.stderr.match(/beyond the end/g)?.length === 2,
    )
    await shell("printf 'one\\n' | castellan produce lasting")
    await waitFor('the first message', () => follower.stdout === 'one\n')
    await platform.kill('broker-1')
    await platform.restart('broker-1')
    await platform.untilUp()
    await shell("printf 'two\\n' | castellan produce lasting")
    await waitFor('what came after', () => follower.stdout === 'one\ntwo\n')
    await shell('castellan topic delete lasting --yes')
    expect(await follower.ended).toMatchObject({ code: 3 })
    expect(follower.stderr).toContain("topic 'lasting' was deleted")
  })

  test('a pipe that is closed ends it quietly', async () => {
    const { code, stdout, stderr } = await shell(
      'set -o pipefail; seq 20000 | castellan produce other.topic && castellan consume other.topic --from earliest | head -n 3',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n').filter((line) => /^\d+$/.test(line))).toHaveLength(3)
  })
})

test('exit codes reach the shell', async () => {
  const { stdout } = await shell(`
    castellan topic describe orders > /dev/null; echo $?
    castellan topic describe nothing 2> /dev/null; echo $?
    castellan topic create orders 2> /dev/null; echo $?
    castellan topic describe 2> /dev/null; echo $?`)
  expect(stdout).toBe('0\n3\n4\n2\n')
})

needing('Python')('on a terminal: colours, lines that fit, and a question before what is dangerous', async () => {
  const terminal = (words: string, answer: string) => {
    const script = `import pty, os, sys, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0:
    os.execvp('castellan', ${JSON.stringify(['castellan', ...words.split(' ')])})
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 60, 0, 0))
seen = b''
asked = False
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part: break
    seen += part
    if not asked and b'to go on: ' in seen:
        asked = True
        os.write(fd, ${JSON.stringify(`${answer}\r`)}.encode())
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`
    const { status, stdout } = spawnSync('python3', ['-c', script], { env: { ...environment(), TERM: 'xterm' } })
    return { code: status, seen: stdout.toString() }
  }
  const listed = terminal('topic list', '')
  expect(listed.seen).toContain('\u001b[1mTOPIC')
  for (const line of listed.seen.split('\r\n')) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(60)
  expect(terminal('topic list --no-color', '').seen).not.toContain('\u001b')
  await shell('castellan topic create doomed')
  expect(terminal('topic delete doomed', 'domed')).toEqual({
    code: 1,
    seen: expect.stringContaining('Nothing was done'),
  })
  expect(terminal('topic delete doomed', 'doomed')).toEqual({
    code: 0,
    seen: expect.stringContaining('Topic doomed is deleted'),
  })
})

describe('completion', () => {
  test('in bash: commands, options, values, names that Castle knows, files', async () => {
    const cases: [string, string[]][] = [
      ['castellan to', ['topic']],
      ['castellan topic ', ['create', 'list', 'describe', 'change', 'reassign', 'elect', 'delete']],
      ['castellan topic create x --ack', ['--ack-level']],
      ['castellan topic create x --ack-level ', ['-1', '1', '0']],
      ['castellan topic describe o', ['orders', 'other.topic']],
      [`castellan topic describe --castle ${platform.castle} ord`, ['orders']],
      ['castellan topic describe --castle http://127.0.0.1:9 ord', []],
      ['castellan consume orders --group f', ['followers']],
      [`castellan produce orders ${join(root, 'LIC')}`, [join(root, 'LICENSE')]],
      [`castellan produce orders a b ${join(root, 'LIC')}`, [join(root, 'LICENSE')]],
      ['castellan topic list or', []],
      ['castellan dance ', []],
    ]
    const { stdout, stderr } = await shell(`source <(castellan completion bash)
      while IFS= read -r COMP_LINE; do
        COMP_POINT=\${#COMP_LINE}
        _castellan
        echo "\${COMPREPLY[*]}"
      done <<'LINES'\n${cases.map(([line]) => line).join('\n')}\nLINES`)
    expect(stderr).toBe('')
    const offered = stdout.split('\n').map((words) => words.split(' ').filter((word) => word !== ''))
    for (const [at, [line, words]] of cases.entries()) expect(offered[at], line).toEqual(words)
  })

  needing('zsh', 'Python')('in zsh, at its prompt: what is typed and a tab', async () => {
    const cases = [
      ['castellan con', 'castellan consume '],
      ['castellan topic desc', 'castellan topic describe '],
      ['castellan topic describe oth', 'castellan topic describe other.topic '],
      ['castellan topic create x --ack', 'castellan topic create x --ack-level '],
      ['castellan consume orders --group f', 'castellan consume orders --group followers '],
    ]
    // A line is shown by zsh itself: what it would run, in brackets, whatever the prompt looks like.
    const script = `import pty, os, sys, select
pid, fd = pty.fork()
if pid == 0:
    os.execvp('zsh', ['zsh', '-f', '-i'])
def until(mark):
    seen = b''
    while mark not in seen:
        if not select.select([fd], [], [], 30)[0]: sys.exit('waited for %r, saw %r' % (mark, seen))
        seen += os.read(fd, 4096)
    return seen
os.write(fd, b"unset zle_bracketed_paste; autoload -Uz compinit && compinit -u -d ${join(folder, 'zcompdump')}; source <(castellan completion zsh); show() { print -r -- '['$BUFFER']'; BUFFER=; }; zle -N show; bindkey '^X' show; print rea''dy\\r")
until(b'ready')
for line in ${JSON.stringify(cases.map(([line]) => line))}:
    os.write(fd, line.encode() + b'\\t\\x18')
    print(until(b']').split(b'[')[-1].split(b']')[0].decode())
os.write(fd, b'exit\\r')`
    const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { env: { ...environment(), TERM: 'dumb' } })
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' })
    expect(stdout.toString().split('\n').slice(0, -1)).toEqual(cases.map(([, line]) => line))
  })
})

// The last one: its broker stays dead.
test('a partition that nobody leads holds up no other', async () => {
  await shell(`castellan topic create halves --partitions 2 --replication-factor 1
    printf '{"value":"v0","partition":0}\\n{"value":"v1","partition":1}\\n' | castellan produce halves --as json`)
  const leaders = async () => {
    const answer = await fetch(`${platform.castle}/api/topics/halves`)
    return ((await answer.json()) as { partitions: { leader: number }[] }).partitions.map(({ leader }) => leader)
  }
  const dead = (await leaders()).indexOf(1)
  await platform.kill('broker-1')
  await waitFor('Castle to know', async () => (await leaders())[dead] === -1)
  const read = 'castellan consume halves --from earliest'
  expect(await shell(`${read} --until end --partition ${1 - dead}`)).toMatchObject({
    code: 0,
    stdout: `v${1 - dead}\n`,
  })
  expect(await shell(`${read} --idle-ms 300 --partition ${dead}`)).toMatchObject({ code: 5, stdout: '' })
})
