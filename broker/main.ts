// A broker in a process of its own: on Node's clock, disk and network, with metrics. The rim of this package.
import { deferred } from '@castellan/protocol'
import {
  type Address,
  type FolderLock,
  type Logger,
  LoopWatch,
  lockFolder,
  nodeRuntime,
} from '@castellan/protocol/runtime'
import { Broker, type BrokerOptions } from './broker.ts'
import { RecoveryTeller } from './castle/recovery-teller.ts'
import type { BrokerConfig } from './config.ts'
import { BrokerError, messageOf } from './errors.ts'
import { MetricsServer } from './metrics/http.ts'
import manifest from './package.json' with { type: 'json' }

export interface RunningBroker {
  /** Where clients reach it. */
  readonly address: Address
  /** Where /metrics and /health are; null: not served. */
  readonly metricsAddress: Address | null
  /** Resolves once Castle counts this very process among the brokers; never, where it never does. */
  readonly registered: Promise<void>
  /** Stops in good order. */
  stop(): Promise<void>
  /** The stop does not wait for others to take over. */
  hurry(): void
}

/**
 * Starts a broker on this machine. Resolves when it listens, whether Castle is there or not.
 * Rejects with a BrokerError, and leaves nothing behind that runs.
 */
export async function startBroker(
  config: BrokerConfig,
  log: Logger,
  options: Pick<BrokerOptions, 'onReplaced' | 'onRecovery'> = {},
): Promise<RunningBroker> {
  const lock = await lockData(config.dataFolder)
  try {
    return await startLocked(config, log, options, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

async function lockData(folder: string): Promise<FolderLock> {
  const lock = await lockFolder(folder).catch((cause: unknown) => {
    throw new BrokerError('DATA_FOLDER_UNUSABLE', `cannot use ${folder}: ${messageOf(cause)}`, { cause })
  })
  if (lock === undefined) throw new BrokerError('DATA_FOLDER_IN_USE', `another process uses ${folder}`)
  return lock
}

async function startLocked(
  config: BrokerConfig,
  log: Logger,
  options: Pick<BrokerOptions, 'onReplaced' | 'onRecovery'>,
  lock: FolderLock,
): Promise<RunningBroker> {
  const loop = new LoopWatch(log)
  const metrics = config.metricsListen ? await MetricsServer.listen(config.metricsListen, loop) : null
  const runtime = nodeRuntime()
  const startedMs = runtime.clock.wallMs()
  let teller: RecoveryTeller | undefined
  try {
    const about = { pid: process.pid, release: manifest.version, metricsPort: metrics?.address.port ?? 0 }
    const onRecovery: BrokerOptions['onRecovery'] = (progress) => {
      metrics?.recovering(progress)
      teller = new RecoveryTeller(runtime, config, log, startedMs, progress)
      options.onRecovery?.(progress)
    }
    const loopHeldMs = () => loop.longestOfMinuteMs
    const all = { ...options, about, onRecovery, startedMs, loopHeldMs }
    const broker = await Broker.start(runtime, config, log, all).finally(() => teller?.stop())
    metrics?.serve(broker)
    return {
      address: broker.address,
      metricsAddress: metrics?.address ?? null,
      registered: registrationOf(broker),
      async stop() {
        await broker.stop()
        await metrics?.close()
        loop.stop()
        lock.release()
      },
      hurry: () => broker.hurry(),
    }
  } catch (error) {
    await metrics?.close()
    loop.stop()
    throw error
  }
}

/** Castle has given this process an epoch, and its cluster names it. */
function registrationOf({ castle, config, metadata }: Broker): Promise<void> {
  const { promise, resolve } = deferred<void>()
  const check = () => {
    const isNamed = metadata.cluster?.brokers.some(({ id }) => id === config.brokerId) === true
    if (!isNamed || castle.brokerEpoch === 0) return
    resolve()
    stopWatching()
  }
  const stopWatching = metadata.onChange(check)
  check()
  return promise
}
