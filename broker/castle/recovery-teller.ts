// Tells Castle how far a broker is that recovers its logs: it may not register before it can serve, and people shall not wonder meanwhile.
// Most starts are over before the first word.
import { type BrokerVitals, linkUrl, vitalsEveryMs } from '@castellan/protocol/heartbeat'
import { type Link, type Logger, type Runtime, type Timer, uuid } from '@castellan/protocol/runtime'
import type { BrokerConfig } from '../config.ts'
import { messageOf } from '../errors.ts'
import type { RecoveryProgress } from '../partition/index.ts'

const dialTimeoutMs = 2_000
const messageBytesMax = 64 * 1024

export class RecoveryTeller {
  readonly #runtime: Runtime
  readonly #config: Pick<BrokerConfig, 'brokerId' | 'castle'>
  readonly #log: Logger
  readonly #startedMs: number
  readonly #progress: () => RecoveryProgress
  readonly #incarnation: string
  #link: Link | null = null
  #dials = 0
  #isOver = false
  #timer: Timer

  /** Tells from now on, until `stop`. `startedMs`: when the process started, on the wall clock. */
  constructor(
    runtime: Runtime,
    config: Pick<BrokerConfig, 'brokerId' | 'castle'>,
    log: Logger,
    startedMs: number,
    progress: () => RecoveryProgress,
  ) {
    this.#runtime = runtime
    this.#config = config
    this.#log = log
    this.#startedMs = startedMs
    this.#progress = progress
    this.#incarnation = uuid(runtime.random)
    this.#timer = runtime.clock.after(vitalsEveryMs / 2, () => void this.#tell())
  }

  stop(): void {
    this.#isOver = true
    this.#timer.cancel()
    this.#link?.close()
  }

  async #tell(): Promise<void> {
    this.#link ??= await this.#dial()
    if (this.#isOver) return this.#link?.close()
    const { logs, opened, bytesToCheck, bytesChecked } = this.#progress()
    const vitals: BrokerVitals = {
      type: 'vitals',
      id: String(this.#config.brokerId),
      incarnation: this.#incarnation,
      startedMs: this.#startedMs,
      recovery: { logs, opened, bytesToCheck, bytesChecked },
    }
    this.#link?.send(JSON.stringify(vitals))
    this.#timer = this.#runtime.clock.after(vitalsEveryMs, () => void this.#tell())
  }

  /** Null: not now. A Castle closes links that nobody registers on, after a while. */
  async #dial(): Promise<Link | null> {
    const { castle } = this.#config
    const url = linkUrl(castle[this.#dials++ % castle.length]!)
    try {
      const link = await this.#runtime.network.dial(url, { timeoutMs: dialTimeoutMs, maxMessageBytes: messageBytesMax })
      link.start({
        onMessage: () => {},
        onClose: () => {
          this.#link = null
        },
      })
      return link
    } catch (error) {
      this.#log.debug({ url, error: messageOf(error) }, 'Castle cannot be told of the recovery')
      return null
    }
  }
}
