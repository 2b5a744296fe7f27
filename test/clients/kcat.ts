// kcat (librdkafka 2.0.2 in Debian's) as a process: what it writes, or why it failed.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { pathOf } from '../processes/index.ts'

const timeoutMs = 30_000

/** One message as `kcat -J` writes it. */
export interface KcatMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ms since 1970 */
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  readonly headers?: readonly string[]
}

/** Runs kcat to its end; resolves with what it wrote to its standard output, rejects when it failed or took too long. */
export function kcat(bootstrap: string, args: readonly string[], input = ''): Promise<string> {
  const command = pathOf('kcat') ?? 'kcat'
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, ['-b', bootstrap, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(stdout)
      else reject(new Error(`kcat ${args.join(' ')} ended with ${signal ?? code}:\n${stderr}\n${stdout.slice(-2000)}`))
    })
  })
}

/** All messages of a topic from `offset` (as kcat takes it) to their end, partition by partition. */
export async function consumeAll(bootstrap: string, topic: string, offset = 'beginning'): Promise<KcatMessage[]> {
  const output = await kcat(bootstrap, ['-C', '-t', topic, '-o', offset, '-e', '-q', '-J'])
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as KcatMessage)
}
