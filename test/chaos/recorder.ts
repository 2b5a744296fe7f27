// Writes down what the clients of a run on real processes told, in the run's own time.
import { type AckLevel, type Message, Recorder } from '../checkers/index.ts'

export class ChaosRecorder extends Recorder {
  readonly #startMs: number
  readonly #handledKeys = new Set<string>()

  constructor(startMs: number) {
    super()
    this.#startMs = startMs
  }

  /** Of the run, from milliseconds since 1970. */
  sinceStart(atMs: number): number {
    return atMs - this.#startMs
  }

  get nowMs(): number {
    return this.sinceStart(performance.timeOrigin + performance.now())
  }

  /** How many different messages were handled to their end. */
  get distinctHandled(): number {
    return this.#handledKeys.size
  }

  acknowledge(topic: string, level: AckLevel, key: string, partition: number, n: number, offset: number, atMs: number) {
    const entry = { topic, level, key, n, partition: `${topic}/${partition}`, offset, atMs: this.sinceStart(atMs) }
    this.acknowledged.push(entry)
  }

  /** A line of consumer.ts. */
  handle(group: string, member: string, line: string): void {
    const [kind, key = '', n, topic, partition, offset, epoch, startMs, endMs, done] = line.split(' ')
    if (kind !== 'h') throw new Error(`${member} printed '${line}'`)
    this.handled.push({
      group,
      member,
      key,
      n: Number(n),
      partition: `${topic}/${partition}`,
      offset: Number(offset),
      epoch: Number(epoch),
      startMs: this.sinceStart(Number(startMs)),
      endMs: this.sinceStart(Number(endMs)),
      done: done === '1',
    })
    if (done === '1') this.#handledKeys.add(`${key}#${n}`)
  }
}

/** What a message's value says (see clients/load): its key and its number. */
export function messageOf(text: string | null): Message {
  const [key = '', n] = (text ?? '').trim().split(' ')
  return { key, n: Number(n) }
}
