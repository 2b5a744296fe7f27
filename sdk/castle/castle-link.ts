// The SDK's side of the heartbeat with Castle: tells what this service uses and holds, and takes in what Castle says.
//
//   topics used, groups, assignments ──report──> Castle ──subjects──> view (brokers, leaders, settings), coordinators
//
// Castle away changes nothing: the view keeps what it has, and brokers tell what is newer (R10, static stability).
import {
  type Answer,
  type ClientReport,
  type CoordinatorState,
  HeartbeatSender,
  readSubject,
  type StuckReport,
  type Subject,
  stuckMax,
} from '@castellan/protocol/heartbeat'
import { type Logger, type Runtime, type Timer, uuid } from '@castellan/protocol/runtime'
import { CastellanError } from '../errors.ts'
import type { KafkaClient } from '../kafka/client.ts'

type GroupReport = ClientReport['groups'][number]

export interface CastleLinkOptions {
  readonly urls: readonly string[]
  readonly service: string
  readonly host: string
  readonly pid: number
  readonly release: string
  /** Null: Castle chooses. */
  readonly cluster: string | null
  readonly onState?: (state: 'connected' | 'disconnected') => void
  /** Another process took over this one's identity. */
  readonly onStop?: (error: CastellanError) => void
}

/** A member of a group, as the link knows it. */
export interface GroupMember {
  report(): GroupReport
  /** Messages that stop their partitions, or their keys. */
  readonly stuck: readonly StuckReport[]
  coordinatorChanged(): void
}

/** How long it waits in silence for Castle, and between one word and the next. */
const complaint = { firstMs: 1_000, againMs: 10_000 }
/** Of a report; the leaders of further topics come from brokers, and their Ack level is -1. */
const topicsMax = 10_000
/** How often Castle hears of further attempts at messages that it knows to be stuck. */
const attemptsEveryMs = 3_000
/** So much of an error is told. */
const errorMax = 500
/** So much of the service's name goes into the id of this sender: what Castle takes, less a UUID. */
const idServiceMax = 200

export class CastleLink {
  readonly #runtime: Runtime
  readonly #client: KafkaClient
  readonly #log: Logger
  readonly #options: CastleLinkOptions
  readonly #sender: HeartbeatSender
  /** How many use each topic. */
  readonly #topics = new Map<string, number>()
  readonly #members = new Set<GroupMember>()
  readonly #revisions = new Map<string, number>()
  /** The groups as they were last told, without the attempts at what is stuck. */
  #told = ''
  #attemptsTimer: Timer | undefined
  #isStopping = false
  #stopped: CastellanError | null = null

  constructor(runtime: Runtime, client: KafkaClient, options: CastleLinkOptions, log: Logger) {
    this.#runtime = runtime
    this.#client = client
    this.#options = options
    this.#log = log
    this.#sender = new HeartbeatSender(runtime, {
      urls: options.urls,
      kind: 'client',
      id: `${options.service.slice(0, idServiceMax)}-${uuid(runtime.random)}`,
      incarnation: uuid(runtime.random),
      report: () => this.#report(),
      onSubject: (subject) => this.#onSubject(subject),
      onAnswer: (answer) => this.#onAnswer(answer),
      onStop: (reason) => this.#onStop(reason),
      onState: (state) => this.#onState(state),
      log,
    })
  }

  /** Castle answers at present. */
  get isConnected(): boolean {
    return this.#sender.connected
  }

  /** Why Castle cannot be asked, for people; null: it can. */
  get problem(): string | null {
    if (this.#stopped !== null) return this.#stopped.message
    return this.isConnected ? null : `Castle (${this.#options.urls.join(', ')}) does not answer`
  }

  start(): void {
    this.#sender.start()
  }

  /**
   * Resolves when Castle has named a cluster with a broker that is up; says once in a while that it waits. Throws CASTLE_UNREACHABLE
   * after `timeoutMs`, CASTLE_STOPPED_US, or the signal's reason.
   */
  ready(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#runtime
    const sinceMs = clock.nowMs()
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      let timer: Timer | undefined
      const end = (settle: () => void) => {
        timer?.cancel()
        stopWatching()
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = () => end(() => reject(signal?.reason))
      const look = () => {
        if (this.#client.view.brokers.size > 0) return end(resolve)
        if (this.#stopped !== null) return end(() => reject(this.#stopped))
      }
      const wait = (silentMs: number) => {
        const leftMs = sinceMs + timeoutMs - clock.nowMs()
        timer = clock.after(Math.min(silentMs, leftMs), () => {
          if (clock.nowMs() - sinceMs >= timeoutMs) return end(() => reject(this.#unreachable(timeoutMs)))
          this.#log.warn(
            { waitsMs: Math.round(clock.nowMs() - sinceMs), reason: this.#waitReason() },
            'waiting for Castle',
          )
          wait(complaint.againMs)
        })
      }
      const stopWatching = this.#client.view.onChange(look)
      signal?.addEventListener('abort', onAbort, { once: true })
      wait(complaint.firstMs)
      look()
    })
  }

  /** From now on Castle tells this topic. Returns how to end that. */
  useTopic(topic: string): () => void {
    const users = this.#topics.get(topic) ?? 0
    this.#topics.set(topic, users + 1)
    if (users === 0) this.#sender.changed()
    let isUsed = true
    return () => {
      if (!isUsed) return
      isUsed = false
      this.#unuse(topic)
    }
  }

  /** From now on Castle knows this member, and it hears of its coordinator. */
  addMember(member: GroupMember): void {
    this.#members.add(member)
    this.#sender.changed()
  }

  removeMember(member: GroupMember): void {
    const { group } = member.report()
    this.#members.delete(member)
    if (![...this.#members].some((other) => other.report().group === group)) {
      this.#revisions.delete(group)
      this.#sender.forget(`coordinator/${group}`)
    }
    this.#sender.changed()
  }

  /** Membership, assignment or what is stuck changed. Further attempts at the same messages are told now and then only. */
  changed(): void {
    const told = JSON.stringify(this.#groups().map((group) => ({ ...group, stuck: group.stuck?.map(placeOf) })))
    if (told !== this.#told) {
      this.#told = told
      this.#sender.changed()
    } else {
      this.#attemptsTimer ??= this.#runtime.clock.after(attemptsEveryMs, () => {
        this.#attemptsTimer = undefined
        this.#sender.changed()
      })
    }
  }

  /** Says goodbye where Castle hears it quickly. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#attemptsTimer?.cancel()
    this.#sender.changed()
    await this.#sender.stop()
  }

  // ------------------------------------------------------------ inside

  #report(): Omit<ClientReport, 'holds'> {
    const { service, host, pid, release, cluster } = this.#options
    const report = {
      kind: 'client' as const,
      service,
      host,
      pid,
      release,
      cluster,
      topics: [...this.#topics.keys()].slice(0, topicsMax),
      groups: this.#groups(),
    }
    return this.#isStopping ? { ...report, stopping: true } : report
  }

  #groups(): GroupReport[] {
    return [...this.#members].map((member) => {
      const stuck = member.stuck.slice(0, stuckMax).map(stuckReport)
      return stuck.length === 0 ? member.report() : { ...member.report(), stuck }
    })
  }

  #onSubject(subject: Subject): void {
    const typed = readSubject(subject)
    switch (typed?.kind) {
      case 'cluster':
        return this.#client.view.tellCluster(typed.state)
      case 'topic':
        return this.#client.view.tellTopic(typed.state)
      case 'coordinator':
        return this.#onCoordinator(typed.state)
    }
  }

  #onCoordinator(state: CoordinatorState): void {
    this.#client.coordinators.tell(state)
    if (this.#revisions.get(state.group) === state.revision) return
    this.#revisions.set(state.group, state.revision)
    for (const member of this.#members) if (member.report().group === state.group) member.coordinatorChanged()
  }

  #onAnswer({ missingTopics }: Answer): void {
    if (missingTopics !== undefined) this.#client.metadata.tellMissing(missingTopics)
  }

  #onState(state: 'connected' | 'disconnected'): void {
    if (state === 'connected') this.#log.info({ urls: this.#options.urls }, 'connected to Castle')
    else if (!this.#isStopping) this.#log.warn({ urls: this.#options.urls }, 'lost Castle; going on with what is known')
    this.#options.onState?.(state)
  }

  #onStop(reason: string): void {
    this.#stopped = new CastellanError('CASTLE_STOPPED_US', `Castle says: ${reason}`)
    this.#log.error({ reason }, 'Castle told this client to stop')
    this.#options.onStop?.(this.#stopped)
  }

  #unuse(topic: string): void {
    const users = (this.#topics.get(topic) ?? 1) - 1
    if (users > 0) return void this.#topics.set(topic, users)
    this.#topics.delete(topic)
    this.#sender.changed()
  }

  #waitReason(): string {
    const { cluster } = this.#options
    if (!this.isConnected) return `${this.problem}`
    return cluster === null
      ? 'Castle answers, but no broker is up yet'
      : `Castle answers, but knows no broker of cluster '${cluster}' that is up`
  }

  #unreachable(timeoutMs: number): CastellanError {
    return new CastellanError('CASTLE_UNREACHABLE', `not connected within ${timeoutMs} ms: ${this.#waitReason()}`)
  }
}

/** As the heartbeat has it: without what only this process cares for. */
function stuckReport({ topicId, partition, offset, sinceMs, attempts, error }: StuckReport): StuckReport {
  return { topicId, partition, offset, sinceMs: Math.max(0, sinceMs), attempts, error: error.slice(0, errorMax) }
}

function placeOf({ topicId, partition, offset }: StuckReport): string {
  return `${topicId}/${partition}@${offset}`
}
