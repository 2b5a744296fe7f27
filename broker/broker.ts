// A broker: logs, coordinator, listener and the link to Castle, put together. The same class in production and in the
// simulator; what it takes from its surroundings is in `runtime`.
//
//   start: recover the logs -> listen -> dial Castle            it leads nothing until Castle has said so (R5)
//   stop:  tell Castle -> it moves what others can lead -> take no more requests -> answer those in flight
//          -> close the logs -> end the link
//          -> close the listener, last: a refused connection says that this broker is gone
import { deferred } from '@castellan/protocol'
import type { OwnVitals, TopicState } from '@castellan/protocol/heartbeat'
import { type Address, Complaints, type Logger, type Runtime } from '@castellan/protocol/runtime'
import { Identity } from './castle/identity.ts'
import { type About, CastleLink } from './castle/link.ts'
import { Metadata } from './castle/metadata.ts'
import { ProducerIds } from './castle/producer-ids.ts'
import { Remembered } from './castle/remembered.ts'
import { advertisedAddress, type BrokerConfig } from './config.ts'
import { messageOf } from './errors.ts'
import { Coordinator } from './groups/index.ts'
import { Deadlines } from './handlers/deadlines.ts'
import { FetchSessions } from './handlers/fetch/sessions.ts'
import { type BrokerParts, type Handler, handlers } from './handlers/index.ts'
import { dependentsOf } from './handover.ts'
import { Counters } from './metrics/counters.ts'
import { Partitions, type RecoveryProgress } from './partition/index.ts'
import { Fetchers } from './replication/fetchers.ts'
import { HandOvers } from './replication/hand-overs.ts'
import { IsrKeeper } from './replication/isr-keeper.ts'
import { ResponseMemory } from './server/response-memory.ts'
import { Server } from './server/server.ts'

export type { Answer, Handler, RequestContext } from './handlers/handler.ts'

export interface BrokerOptions {
  /** What the process tells of itself; of no consequence for what the broker does. */
  readonly about?: Partial<About>
  /** Castle gave this broker's id to a newer process, and this one has stopped. */
  readonly onReplaced?: (reason: string) => void
  /** Told once, when the recovery of the logs begins: how to ask how far it is. */
  readonly onRecovery?: (progress: () => RecoveryProgress) => void
  /** When its process started, on the wall clock, in ms since 1970; absent: not known. */
  readonly startedMs?: number
  /** The longest time that the loop was held within the last minute: then the broker tells Castle how it does. */
  readonly loopHeldMs?: () => number
  /** For tests and the simulator: overwrites the memory of requests when it is given back. */
  readonly poison?: boolean
  /** For tests: stands before each API's handler. */
  readonly intercept?: (handler: Handler) => Handler
}

const noProcess: About = { pid: 0, release: 'unknown', metricsPort: 0 }

/** Followers that are well are behind by a round trip or two. */
const leaveMaxMs = 500

export class Broker implements BrokerParts {
  readonly runtime: Runtime
  readonly config: BrokerConfig
  readonly log: Logger
  readonly counters = new Counters()
  readonly deadlines: Deadlines
  readonly fetchSessions = new FetchSessions()
  readonly responseMemory: ResponseMemory
  readonly metadata: Metadata
  readonly partitions: Partitions
  readonly producerIds: ProducerIds
  readonly coordinator: Coordinator
  readonly castle: CastleLink
  /** What follows other brokers' partitions. */
  readonly fetchers: Fetchers
  /** Who is in sync with the partitions that it leads. */
  readonly isrKeeper: IsrKeeper
  /** What others are to lead next, though nobody died. */
  readonly handOvers: HandOvers
  readonly server: Server
  readonly remembered: Remembered
  #address: Address
  #stopping: Promise<void> | undefined
  readonly #hurry = deferred<void>()

  private constructor(
    runtime: Runtime,
    config: BrokerConfig,
    log: Logger,
    identity: Identity,
    partitions: Partitions,
    remembered: Remembered,
    options: BrokerOptions,
  ) {
    this.runtime = runtime
    this.config = config
    this.log = log
    this.#address = advertisedAddress(config, config.listen)
    this.deadlines = new Deadlines(runtime.clock)
    this.responseMemory = new ResponseMemory(runtime.clock, config.queuedMaxResponseBytes)
    this.metadata = new Metadata(runtime.clock)
    this.partitions = partitions
    this.remembered = remembered
    this.coordinator = new Coordinator(runtime, { partitions, metadata: this.metadata, log, settings: config })
    const complaints = new Complaints(runtime.clock, log)
    this.producerIds = new ProducerIds(runtime.clock, identity, {
      onBegun: () => this.castle.changed(),
      onRefused: (error) =>
        complaints.say(
          'producer ids',
          { error: messageOf(error) },
          'cannot note a block of producer ids on disk',
          'error',
        ),
    })
    this.castle = new CastleLink(runtime, {
      config,
      about: { ...noProcess, ...options.about },
      address: () => this.#address,
      identity,
      remembered,
      receivers: {
        cluster: (state) => this.metadata.setCluster(state),
        topic: (state) => this.#receiveTopic(state),
        target: (state) => this.coordinator.applyTarget(state),
        producerIds: (block) => this.producerIds.offer(block),
      },
      reporters: {
        logs: () => this.partitions.reports(),
        logsId: () => this.partitions.logsId,
        groups: () => this.coordinator.reports(),
        isStuck: () => this.partitions.isStuck,
        isFull: () => this.partitions.isFull,
        ...(options.loopHeldMs && { vitals: vitalsOf(partitions, options.startedMs, options.loopHeldMs) }),
      },
      log,
      onStop: (reason) => void this.#replaced(reason, options),
    })
    this.fetchers = new Fetchers(runtime, {
      brokerId: config.brokerId,
      brokerEpoch: () => this.castle.brokerEpoch,
      partitions,
      metadata: this.metadata,
      log,
      release: options.about?.release ?? noProcess.release,
      ...(options.poison !== undefined && { poison: options.poison }),
    })
    this.isrKeeper = new IsrKeeper(runtime, {
      brokerId: config.brokerId,
      lagTimeMaxMs: config.replicaLagTimeMaxMs,
      partitions,
      metadata: this.metadata,
      castle: this.castle,
      log,
    })
    this.handOvers = new HandOvers(runtime, { partitions, castle: this.castle, log })
    const { intercept } = options
    this.server = new Server(this, intercept ? handlers.map(intercept) : handlers, this.counters, options)
    partitions.onLeadership(() => this.castle.changed())
    partitions.onRoom(() => this.castle.changed())
    this.coordinator.onChange(() => this.castle.changed())
  }

  /** Resolves when it listens, whether Castle is there or not. Rejects with a BrokerError that says what to do. */
  static async start(
    runtime: Runtime,
    config: BrokerConfig,
    log: Logger,
    options: BrokerOptions = {},
  ): Promise<Broker> {
    const { dataFolder, brokerId, cluster } = config
    const identity = await Identity.open(runtime.disk, dataFolder, brokerId, cluster)
    const recovery = options.onRecovery && { onRecovery: options.onRecovery }
    const remembered = new Remembered({ clock: runtime.clock, disk: runtime.disk, log, dataFolder, brokerId })
    const isNewest = (topicId: string) => remembered.isNewest(topicId)
    const given = { dataFolder, brokerId, settings: config, log, isNewest, ...recovery }
    const partitions = await Partitions.open(runtime, given)
    const broker = new Broker(runtime, config, log, identity, partitions, remembered, options)
    try {
      broker.#address = advertisedAddress(config, await broker.server.listen(config.listen))
    } catch (error) {
      await broker.coordinator.close()
      broker.fetchers.close()
      broker.isrKeeper.close()
      broker.handOvers.close()
      await partitions.close()
      throw error
    }
    broker.castle.start()
    log.info({ brokerId, address: broker.#address }, 'the broker listens')
    return broker
  }

  /** Where clients reach it. */
  get address(): Address {
    return this.#address
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined
  }

  /**
   * Stops in good order, once: what others can lead is theirs before this broker takes no more requests, so that no client waits for an
   * election. What was acknowledged is on disk afterwards, and a restart recovers nothing.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** A stop, under way or to come, does not wait for Castle to move anything. */
  hurry(): void {
    this.#hurry.resolve()
  }

  async #stop(): Promise<void> {
    this.castle.stopping()
    await this.#handOver()
    // What nobody has taken over, somebody may be elected for as soon as this broker is gone.
    await Promise.race([this.partitions.leave(leaveMaxMs), this.#hurry.promise])
    await this.server.drain()
    await this.coordinator.close()
    this.fetchers.close()
    this.isrKeeper.close()
    this.handOvers.close()
    await this.partitions.close()
    await this.castle.stop()
    this.remembered.close()
    await this.server.close()
    this.log.info({ brokerId: this.config.brokerId }, 'the broker has stopped')
  }

  async #handOver(): Promise<void> {
    const { brokerId, controlledShutdownMaxMs } = this.config
    const dependents = () => dependentsOf(brokerId, this.metadata.topics(), this.metadata.cluster?.brokers ?? [])
    const isFree = () => {
      const { led, followed } = dependents()
      return led + followed === 0
    }
    if (isFree()) return
    this.log.info({ brokerId, ...dependents() }, 'stopping: others take over what this broker leads and follows')
    const over = deferred<void>()
    const timer = this.runtime.clock.after(controlledShutdownMaxMs, over.resolve)
    const stopWatching = this.metadata.onChange(() => isFree() && over.resolve())
    void this.#hurry.promise.then(over.resolve)
    await over.promise
    timer.cancel()
    stopWatching()
    if (!isFree()) this.log.warn({ brokerId, ...dependents() }, 'stopping before all was taken over')
  }

  /** The logs first: whoever waits for the topic finds it led. The coordinator last: it looks into both. */
  #receiveTopic(state: TopicState): void {
    this.partitions.apply(state)
    this.metadata.setTopic(state)
    this.coordinator.topicChanged(state)
  }

  async #replaced(reason: string, { onReplaced }: BrokerOptions): Promise<void> {
    this.log.error({ brokerId: this.config.brokerId, reason }, 'another process has this broker id: this one stops')
    this.hurry() // Castle moves nothing for a process that is not the broker any more
    await this.stop()
    onReplaced?.(reason)
  }
}

function vitalsOf(partitions: Partitions, startedMs: number | undefined, loopHeldMs: () => number): () => OwnVitals {
  return () => {
    const { metrics, bytes, writePath, longestWriteOfMinuteMs, lastStop } = partitions
    const { slowWrites, leftLoop } = metrics
    return {
      ...(startedMs !== undefined && { startedMs }),
      loopHeldMs: loopHeldMs(),
      logBytes: bytes,
      writes: { path: writePath.path, longestMs: longestWriteOfMinuteMs, slow: slowWrites, leftLoop },
      lastStop,
    }
  }
}
