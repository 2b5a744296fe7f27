// Castle without HTTP: the controller of clusters and the scheduler of clients. The same class runs in production, behind
// castle/http, and in the simulator.
//
//   links, POST --> Sessions --> Brokers, Groups: what follows from a report --+
//   API calls -----------------------------------------------------------------+--> Changes --> store
//        ^                                                                              |
//        +---- answers, pushes <-- Interest <-- who has to hear of it (scope.ts) <------+
import type {
  AlterConfigsArgs,
  AlteredConfigs,
  CreatedTopic,
  DeleteTopicArgs,
  Heartbeat,
} from '@castellan/protocol/heartbeat'
import { type Link, type Logger, type Runtime, type Timer, uuid } from '@castellan/protocol/runtime'
import { Brokers } from './brokers/brokers.ts'
import { type Doors, networkDoors } from './brokers/doors.ts'
import { answerCall } from './calls.ts'
import { Clients } from './clients.ts'
import { changeEnvironment, clusterNamed } from './clusters.ts'
import type { CoreSettings } from './config.ts'
import { Elections } from './election/elections.ts'
import { Movements } from './election/movements.ts'
import type { CastleError } from './errors.ts'
import { Groups } from './groups/groups.ts'
import { Links } from './heartbeats/links.ts'
import { Sessions } from './heartbeats/sessions.ts'
import { Host } from './host.ts'
import { Attention } from './leases/attention.ts'
import { isInDoubt } from './restore/doubts.ts'
import { Restore } from './restore/restore.ts'
import { groupAudience, newsOf, noCluster, noticesOf, topicAudience } from './scope.ts'
import { type AppliedChange, Changes, type WriteFailure } from './state/changes.ts'
import type { Cluster, Topic } from './state/entities.ts'
import type { State } from './state/state.ts'
import type { Store } from './store/store.ts'
import { alterConfigs } from './topics/alter-configs.ts'
import { type AskedOf, changeTopic, deleteTopic, livingTopic, type TopicChange, topicWithId } from './topics/change.ts'
import { type Asked, createTopic, type Defaults, type NewTopic, offsetsTopic } from './topics/create.ts'
import { type CreationPlan, planCreation } from './topics/plan.ts'
import { Reassignments } from './topics/reassignments.ts'
import { Hub } from './views/hub.ts'
import { touchChange, touchGroup } from './views/touches.ts'

export interface CastleOptions {
  readonly store: Store
  readonly settings: CoreSettings
  readonly log: Logger
  /** Instead of the network's: for tests. */
  readonly doors?: Doors
  /** Another Castle took the lease: this one has stopped deciding, and should be stopped. */
  readonly onReplaced?: (error: CastleError) => void
}

/** How often leases are looked at; brokers' are short. */
const sweepMs = 50
/** Castle's own pauses longer than this do not count against anyone. */
const gapMaxMs = 200

export class Castle {
  readonly sessions: Sessions
  readonly clients: Clients
  readonly brokers: Brokers
  readonly elections: Elections
  readonly groups: Groups
  readonly links: Links
  readonly reassignments: Reassignments
  /** What a store that went back in time forgot (R14). */
  readonly restore: Restore
  /** Tells pages which of the things that they show changed. */
  readonly hub: Hub
  readonly movements = new Movements()
  readonly #runtime: Runtime
  readonly #options: CastleOptions
  readonly #changes: Changes
  readonly #attention: Attention
  #sweepTimer: Timer | undefined
  #sweeps = 0

  private constructor(runtime: Runtime, options: CastleOptions, changes: Changes) {
    const { settings, log } = options
    const { clock, random } = runtime
    this.#runtime = runtime
    this.#options = options
    this.#changes = changes
    this.#attention = new Attention(clock, gapMaxMs)
    this.hub = new Hub(clock, () => changes.castleEpoch)
    this.groups = new Groups({
      changes,
      clock,
      log,
      onReported: (cluster, group) => touchGroup(this.hub, cluster, group),
      onCoordinator: (cluster, group) => this.sessions.notify(groupAudience(cluster, group), `coordinator/${group}`),
    })
    this.brokers = new Brokers({
      onReport: (session) => this.restore.proceed(session),
      awaitsTopics: (cluster) => this.restore.awaitedForStrangers(cluster).length > 0,
      changes,
      groups: this.groups,
      attention: this.#attention,
      clock,
      random,
      settings,
      log,
      doors: options.doors ?? networkDoors(runtime, log),
    })
    const { leaderRebalanceDelayMs } = settings
    this.restore = new Restore({ changes, reports: this.brokers.reports, clock, log })
    this.reassignments = new Reassignments({
      changes,
      reports: this.brokers.reports,
      replicationFactor: settings.defaultReplicationFactor,
      log,
    })
    this.elections = new Elections({ changes, reports: this.brokers.reports, clock, log, leaderRebalanceDelayMs })
    const host = new Host({
      changes,
      restore: this.restore,
      brokers: this.brokers,
      groups: this.groups,
      clock,
      log,
      onClientReport: (session, heldBefore) => this.clients.onReport(session, heldBefore),
      onBrokerReport: () => this.hub.touch('brokers'),
      onClientGone: (session) => this.clients.touch(session),
      onCall: (session, call) => answerCall(this, session, call, log),
    })
    this.sessions = new Sessions(host, {
      clock,
      log,
      attention: this.#attention,
      times: {
        broker: { intervalMs: settings.brokerHeartbeatIntervalMs, leaseMs: settings.brokerLeaseMs },
        client: { intervalMs: settings.clientHeartbeatIntervalMs, leaseMs: settings.clientLeaseMs },
      },
      clientsMax: settings.clientsMax,
      arrivalsPerSecond: settings.clientArrivalsPerSecond,
    })
    this.clients = new Clients(this.sessions, {
      state: changes.state,
      hub: this.hub,
      clock,
      leaseMs: settings.clientLeaseMs,
      castleEpoch: () => changes.castleEpoch,
    })
    this.links = new Links(this.sessions, {
      clock,
      log,
      linksMax: settings.clientsMax + 10_000,
      silentMaxMs: settings.clientLeaseMs,
    })
    this.#sweepLater()
  }

  /** Takes the store's lease, loads the state, and is ready for links. Rejects with a CastleError. */
  static async start(runtime: Runtime, options: CastleOptions): Promise<Castle> {
    let castle: Castle | undefined
    const changes = await Changes.open({
      store: options.store,
      clock: runtime.clock,
      log: options.log,
      decisionsMax: options.settings.decisionsMax,
      onApplied: (applied) => {
        if (castle !== undefined) castle.#onApplied(applied)
      },
      onEpochRaised: () => castle?.groups.retell(),
      onReplaced: (error) => {
        options.log.error({ error }, 'another Castle took over: deciding nothing any more')
        options.onReplaced?.(error)
      },
    })
    castle = new Castle(runtime, options, changes)
    options.log.info({ castleEpoch: changes.castleEpoch, topics: changes.state.count('topic') }, 'Castle is in charge')
    return castle
  }

  get castleEpoch(): number {
    return this.#changes.castleEpoch
  }

  /** For people only. */
  get wallMs(): number {
    return this.#runtime.clock.wallMs()
  }

  /** Null: the last change was written. */
  get writeFailure(): WriteFailure | null {
    return this.#changes.writeFailure
  }

  /** Its event loop stood still lately: what it sees may be old, and proves nothing yet. */
  get isInattentive(): boolean {
    return this.#attention.isLapsed
  }

  /** To be read, never changed. */
  get state(): State {
    return this.#changes.state
  }

  /** Takes a link over, from the moment it is open. */
  accept(link: Link): void {
    this.links.accept(link)
  }

  /** A heartbeat without a link: resolves to the answer's JSON. Throws HeartbeatMessageError. */
  heartbeat(heartbeat: Heartbeat): Promise<string> {
    return this.sessions.answer(heartbeat)
  }

  /** Links are closed, changes under way are written, the store is closed. */
  async stop(): Promise<void> {
    this.#sweepTimer?.cancel()
    this.brokers.close()
    this.groups.close()
    this.links.close()
    this.hub.close()
    await this.#changes.close()
    await this.#options.store.close()
  }

  // -------------------------------------------------------------- what people and Kafka's admin clients ask for

  /** The cluster that is meant when none is named: of several the first by name. Throws CLUSTER_UNKNOWN. */
  clusterNamed(name?: string): Cluster {
    return clusterNamed(this.state, name)
  }

  /** Resolves when the topic is on disk (R11); rejects with a CastleError. */
  createTopic(args: NewTopic, asked?: Asked): Promise<CreatedTopic> {
    const topicId = uuid(this.#runtime.random)
    return this.#changes.change((draft) => {
      this.restore.checkNameKnown(args.cluster, args.name)
      return createTopic(draft, topicId, args, this.#topicDefaults, asked)
    })
  }

  /** What creating it would do; nothing is done. */
  planTopic(args: NewTopic): CreationPlan {
    return planCreation(this.state, args, this.#topicDefaults)
  }

  changeTopic(cluster: string, name: string, change: TopicChange, asked?: AskedOf): Promise<Topic> {
    return this.#changes.change((draft) => changeTopic(draft, cluster, name, change, asked))
  }

  /** Single settings of a topic, as Kafka's clients alter them. */
  alterConfigs(cluster: string, args: AlterConfigsArgs): Promise<AlteredConfigs> {
    return this.#changes.change((draft) => alterConfigs(draft, cluster, args))
  }

  deleteTopic(cluster: string, by: DeleteTopicArgs, asked?: AskedOf): Promise<void> {
    return this.#changes.change((draft) => {
      const { topicId, name = '' } = by
      const topic = topicId === undefined ? livingTopic(draft, cluster, name) : topicWithId(draft, cluster, topicId)
      deleteTopic(draft, topic, asked)
    })
  }

  changeCluster(id: string, environment: string): Promise<Cluster> {
    return this.#changes.change((draft) => changeEnvironment(draft, id, environment))
  }

  // -------------------------------------------------------------- inside

  get #topicDefaults(): Defaults {
    const { numPartitions, defaultReplicationFactor } = this.#options.settings
    return { partitions: numPartitions, replicationFactor: defaultReplicationFactor }
  }

  #onApplied(applied: readonly AppliedChange[]): void {
    for (const each of applied) {
      const { change, before } = each
      if (change.kind === 'topic' && change.entity === null) this.clients.pickups.forget(change.key)
      if (change.kind === 'cluster' && before === undefined) this.sessions.reconsider(noCluster)
      if (change.kind === 'topic' && change.entity !== null) this.#onTopic(change.entity, before as Topic | undefined)
      this.elections.onApplied(each)
      touchChange(this.hub, change)
      const news = newsOf(each)
      for (const { audience, key } of noticesOf(each, this.groups)) this.sessions.notify(audience, key, news)
    }
  }

  #onTopic(topic: Topic, before: Topic | undefined): void {
    const { cluster, name } = topic
    if (before !== undefined) this.movements.note(topic, before)
    if (before?.version !== topic.version) this.clients.pickups.committed(topic, this.#runtime.clock.nowMs())
    if (name === offsetsTopic) this.groups.onOffsetsTopic(cluster)
    const isKnown = before !== undefined && before.deleted === topic.deleted
    if (!isKnown) this.sessions.reconsider(topicAudience(cluster, name))
    const isSame =
      isKnown && before.partitions.length === topic.partitions.length && isInDoubt(before) === isInDoubt(topic)
    if (!isSame) this.groups.onTopic(cluster, name)
    if (!isSame && name === offsetsTopic) this.groups.onCluster(cluster)
  }

  #sweepLater(): void {
    this.#sweepTimer = this.#runtime.clock.after(sweepMs, () => {
      this.#sweepLater()
      const attendedMs = this.#attention.look()
      this.brokers.sweep(attendedMs)
      this.#sweeps += 1
      // Apart, so that a leader hears that its hand-over was dropped before a reassignment begins it again.
      if (this.#sweeps % 20 === 10) this.reassignments.sweep()
      if (this.#sweeps % 20 !== 0) return
      this.restore.sweep()
      this.elections.sweep()
      this.clients.sweep(attendedMs)
      this.links.sweep()
    })
  }
}
