// For tests: a command's streams in memory, and a person who answers as told.
import { Readable } from 'node:stream'
import type { Io, Output } from '../io.ts'
import { run } from '../run.ts'

export interface MemoryIoOptions {
  readonly input?: string | Uint8Array
  /** As wide as a terminal; left out: a pipe. */
  readonly columns?: number
  readonly hasColours?: boolean
  /** What a person types at each question, perhaps after something else happened; left out: nobody is there. */
  readonly answers?: readonly (string | (() => Promise<string>))[]
  readonly env?: NodeJS.ProcessEnv
  /** After so many writes nobody reads standard output any more. */
  readonly writesMax?: number
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly questions: readonly string[]
}

export class MemoryOutput implements Output {
  readonly isTerminal: boolean
  readonly columns: number | undefined
  readonly hasColours: boolean
  readonly #closed = new AbortController()
  readonly #parts: Buffer[] = []
  readonly #writesMax: number

  constructor(columns: number | undefined, hasColours = false, writesMax = Number.POSITIVE_INFINITY) {
    this.#writesMax = writesMax
    this.isTerminal = columns !== undefined
    this.columns = columns
    this.hasColours = hasColours
  }

  get closed(): AbortSignal {
    return this.#closed.signal
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  get text(): string {
    return this.bytes.toString()
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (this.#parts.length >= this.#writesMax) this.#closed.abort()
    if (!this.closed.aborted) this.#parts.push(Buffer.from(text))
  }
}

export class MemoryIo implements Io {
  readonly stdin: Readable
  readonly stdout: MemoryOutput
  readonly stderr: MemoryOutput
  readonly env: NodeJS.ProcessEnv
  readonly questions: string[] = []
  readonly #answers: (string | (() => Promise<string>))[] | undefined
  readonly #stop = new AbortController()

  constructor({ input, columns, hasColours, answers, writesMax, env = {} }: MemoryIoOptions = {}) {
    this.stdin = Readable.from(input === undefined ? [] : [Buffer.from(input)])
    this.stdout = new MemoryOutput(columns, hasColours, writesMax)
    this.stderr = new MemoryOutput(columns, hasColours)
    this.env = env
    this.#answers = answers === undefined ? undefined : [...answers]
  }

  get canAsk(): boolean {
    return this.#answers !== undefined
  }

  async ask(question: string): Promise<string | undefined> {
    this.questions.push(question)
    const answer = this.#answers?.shift()
    return typeof answer === 'function' ? await answer() : answer
  }

  stopped(): AbortSignal {
    return this.#stop.signal
  }

  /** Ctrl-C. */
  stop(): void {
    this.#stop.abort()
  }
}

/** One call of the command in this process. `words` are split at spaces. */
export async function runHere(words: string | readonly string[], options: MemoryIoOptions = {}): Promise<Ran> {
  const io = new MemoryIo(options)
  const code = await run(typeof words === 'string' ? words.split(' ') : words, io)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text, questions: io.questions }
}
