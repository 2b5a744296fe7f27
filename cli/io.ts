// What a command reads and writes, and whom it asks: the process's own streams, or a test's.
import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'
import { codeOf } from './errors.ts'

export interface Output {
  /** Somebody looks at it. */
  readonly isTerminal: boolean
  /** Characters that fit in a line; undefined: as many as there are (a pipe, a file). */
  readonly columns: number | undefined
  readonly hasColours: boolean
  /** Aborts when nobody reads any more (`| head`). */
  readonly closed: AbortSignal
  /** Resolves when the system has taken it; after `closed` at once, with nothing written. */
  write(text: string | Uint8Array): Promise<void>
}

export interface Io {
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  /** A person sits at both ends: input and standard error. */
  readonly canAsk: boolean
  /** Asks that person; undefined: they went away (Ctrl-C, Ctrl-D). */
  ask(question: string): Promise<string | undefined>
  /** Aborts at Ctrl-C or SIGTERM, which from the first call on end the process by themselves only when they come again. */
  stopped(): AbortSignal
}

/** The process's own. `noColours` is the flag: it wins over the environment. */
export function processIo(noColours: boolean): Io {
  const { env, stdin } = process
  let stop: AbortController | undefined
  return {
    stdin,
    env,
    stdout: outputOf(process.stdout, noColours, env),
    stderr: outputOf(process.stderr, noColours, env),
    canAsk: stdin.isTTY === true && process.stderr.isTTY === true,
    ask: (question) => askOn(stdin, process.stderr, question),
    stopped() {
      if (stop !== undefined) return stop.signal
      const controller = new AbortController()
      stop = controller
      stopAtSignals(controller)
      return controller.signal
    },
  }
}

/** One Ctrl-C may arrive more than once: from the terminal, and by the launcher. What comes later is a person who waits no longer. */
const againAfterMs = 500

function stopAtSignals(controller: AbortController): void {
  let firstMs: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      firstMs ??= performance.now()
      controller.abort()
      if (performance.now() - firstMs < againAfterMs) return
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    })
  }
}

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number }

export function outputOf(stream: Terminal, noColours: boolean, env: NodeJS.ProcessEnv): Output {
  const closed = new AbortController()
  stream.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error
    closed.abort()
  })
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      // 0: a terminal that nobody told its size (docker exec -t).
      return stream.isTTY === true ? stream.columns || undefined : undefined
    },
    hasColours: wantsColours(noColours, env, stream.isTTY === true),
    closed: closed.signal,
    async write(text) {
      if (closed.signal.aborted) return
      await new Promise<void>((resolve) => {
        stream.write(text, (error) => {
          if (error) closed.abort() // anything but a closed pipe is thrown where the stream tells of it
          resolve()
        })
      })
    },
  }
}

/** The flag, then FORCE_COLOR over NO_COLOR as Node itself has it, then whether it is a terminal. */
export function wantsColours(noColours: boolean, env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (noColours) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  return isTerminal && env['TERM'] !== 'dumb'
}

/** Ctrl-C and Ctrl-D at the question are no answer. */
async function askOn(input: Readable, output: Writable, question: string): Promise<string | undefined> {
  const prompt = createInterface({ input, output })
  const gone = new Promise<undefined>((resolve) => {
    prompt.once('SIGINT', () => resolve(undefined))
    prompt.once('close', () => resolve(undefined))
  })
  try {
    return await Promise.race([prompt.question(question), gone])
  } finally {
    prompt.close()
  }
}
