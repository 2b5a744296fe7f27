// The demo itself: the event stream through a running platform, keyed by path at Ack -1 over six partitions, to three consumers of
// one group in processes of their own, and what came of it. Its tests run the same while they kill parts of the platform.
import { join } from 'node:path'
import { silentLogger } from '@castellan/protocol/runtime'
import { connect, type SdkEvent, type Sent } from '@castellan/sdk'
import { TestProcess } from '../processes/index.ts'
import { eventLines, type FolderTotal, parseEvent, totalsOfFile } from './events.ts'
import { type Delivery, type Fault, Ledger } from './ledger.ts'

export interface DemoOptions {
  readonly castle: string
  /** Made by the demo; must not exist. */
  readonly topic: string
  /** The SQLite file of the consumers; must not exist. */
  readonly ledgerFile: string
  /** Called a few times a second. */
  onProgress?(progress: Progress): void
  /** Events a second that may be sent now; left out: as many as go. */
  pace?(): number
  say(line: string): void
}

export interface Progress {
  readonly events: number
  readonly acknowledged: number
  readonly counted: number
  /** The consumers' processes, by name. */
  readonly consumers: ReadonlyMap<string, TestProcess>
}

export interface DemoResult {
  readonly lines: readonly string[]
  /** Where each line stands in the log, as the producer was told. */
  readonly sent: readonly Sent[]
  readonly seconds: number
  readonly totals: readonly FolderTotal[]
  readonly expected: readonly FolderTotal[]
  readonly faults: readonly Fault[]
  readonly deliveries: readonly Delivery[]
  /** Every message counted once, in order, and both totals equal. */
  readonly isRight: boolean
}

export const partitions = 6
export const consumerCount = 3
const inFlightMax = 20_000
/** So many events are sent before the pace is looked at again. */
const stride = 50
const progressMs = 100
const stallMs = 60_000

export function groupOf(topic: string): string {
  return `${topic}-totals`
}

/** Makes the topic, sends everything, waits until the consumers have counted it all, and compares. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const lines = eventLines()
  const replicas = await createTopic(options.castle, options.topic)
  options.say(`topic ${options.topic}: ${partitions} partitions, ${replicas} replicas of each, Ack -1`)
  const ledger = new Ledger(options.ledgerFile)
  const consumers = new Consumers(options)
  try {
    const startMs = performance.now()
    const producing = new Producing(lines)
    const sending = producing.run(options)
    const report = () => ({
      events: lines.length,
      acknowledged: producing.acknowledged,
      counted: ledger.counted(),
      consumers: consumers.byName,
    })
    await Promise.all([sending, untilCounted(report, options)])
    const seconds = (performance.now() - startMs) / 1000
    await consumers.stop()
    const [totals, expected] = [ledger.totals(), totalsOfFile(lines)]
    const [faults, deliveries] = [ledger.faults(), ledger.deliveries()]
    const isRight = faults.length === 0 && JSON.stringify(totals) === JSON.stringify(expected)
    return { lines, sent: producing.sent, seconds, totals, expected, faults, deliveries, isRight }
  } finally {
    await consumers.kill()
    ledger.close()
  }
}

/** With as many replicas as the platform gives by itself: three where it has three brokers. */
async function createTopic(castle: string, name: string): Promise<number> {
  const response = await fetch(`${castle}/api/topics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, partitions, ackLevel: -1, description: 'Changes of files, by npm run demo' }),
  })
  if (!response.ok) throw new Error(`Castle refused to make the topic ${name}: ${await response.text()}`)
  return ((await response.json()) as { replicationFactor: number }).replicationFactor
}

/** Waits for the consumers; a platform that makes no progress for a minute has failed. */
async function untilCounted(report: () => Progress, { onProgress }: DemoOptions): Promise<void> {
  let last = ''
  for (let movedMs = performance.now(); ; ) {
    const progress = report()
    onProgress?.(progress)
    if (progress.counted >= progress.events) return
    const now = `${progress.acknowledged} sent, ${progress.counted} counted of ${progress.events}`
    if (now !== last) movedMs = performance.now()
    else if (performance.now() - movedMs > stallMs) throw new Error(`no progress for ${stallMs / 1000} s: ${now}`)
    last = now
    await new Promise((resolve) => setTimeout(resolve, progressMs))
  }
}

/** Sends the lines in their order, keyed by path, with a bounded number on their way. */
class Producing {
  readonly sent: Sent[] = []
  acknowledged = 0
  readonly #lines: readonly string[]

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  async run({ castle, topic, say, pace }: DemoOptions): Promise<void> {
    const onEvent = (event: SdkEvent) => {
      if (event.kind === 'producer-waiting') say(event.reason === null ? 'sends go on' : `sends wait: ${event.reason}`)
    }
    const castellan = await connect({ castle, service: 'demo-producer', log: silentLogger, onEvent })
    try {
      const producer = castellan.producer()
      const onWay: Promise<void>[] = []
      for (const [index, value] of this.#lines.entries()) {
        const sending = producer.send({ topic, key: parseEvent(value).path, value }).then((sent) => {
          this.sent[index] = sent
          this.acknowledged++
        })
        sending.catch(() => {}) // awaited below, in its turn
        onWay.push(sending)
        if (pace !== undefined && index % stride === 0) await strideAt(pace())
        if (onWay.length === inFlightMax) await Promise.all(onWay.splice(0, inFlightMax / 2))
      }
      await Promise.all(onWay)
    } finally {
      await castellan.close()
    }
  }
}

async function strideAt(eventsPerSecond: number): Promise<void> {
  if (eventsPerSecond === Number.POSITIVE_INFINITY) return
  await new Promise((resolve) => setTimeout(resolve, (1000 * stride) / eventsPerSecond))
}

/** The consumers' processes. One that dies is started again, as a service would be. */
class Consumers {
  readonly byName = new Map<string, TestProcess>()
  readonly #options: DemoOptions
  #isStopping = false

  constructor(options: DemoOptions) {
    this.#options = options
    for (let number = 1; number <= consumerCount; number++) this.#start(`consumer-${number}`)
  }

  /** In good order: each commits what it has done. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([...this.byName.values()].map((consumer) => consumer.stop()))
  }

  async kill(): Promise<void> {
    this.#isStopping = true
    const running = [...this.byName.values()].filter(({ isRunning }) => isRunning)
    await Promise.all(running.map((consumer) => consumer.kill()))
  }

  #start(name: string): void {
    const { castle, topic, ledgerFile, say } = this.#options
    const words = [castle, topic, groupOf(topic), ledgerFile, name]
    const consumer = new TestProcess(name, join(import.meta.dirname, 'consumer.ts'), words)
    this.byName.set(name, consumer)
    void consumer.ended.then(({ code, signal }) => {
      if (this.#isStopping) return
      say(`${name} ended (${signal ?? code}) and is started again. ${consumer.stderr.slice(-2000)}`.trim())
      setTimeout(() => this.#isStopping || this.#start(name), 200)
    })
  }
}
