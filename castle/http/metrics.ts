// Prometheus metrics of this process: counted where things happen, read when somebody asks.
import type { LoopWatch } from '@castellan/protocol/runtime'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Castle } from '../castle.ts'
import { brokersOf, topicsOf } from '../state/state.ts'
import { countStates } from '../views/partitions.ts'

export class Metrics {
  readonly #registry = new Registry()

  constructor(castle: Castle, loop: LoopWatch) {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#counts(castle, loop)
    const ofClusters = (name: string, help: string, read: (cluster: string) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['cluster'],
        registers,
        collect() {
          for (const { id } of castle.state.all('cluster')) this.set({ cluster: id }, read(id))
        },
      })
    ofClusters('castellan_castle_brokers_up', 'Brokers that are alive.', (cluster) => {
      return [...brokersOf(castle.state, cluster)].filter(({ up }) => up).length
    })
    ofClusters('castellan_castle_partitions_leaderless', 'Partitions without a leader.', (cluster) => {
      let count = 0
      for (const topic of topicsOf(castle.state, cluster))
        count += topic.partitions.filter(({ leader }) => leader === -1).length
      return count
    })
    const inState = (cluster: string, state: 'underReplicated' | 'belowMinIsr') => {
      let count = 0
      for (const topic of topicsOf(castle.state, cluster)) count += countStates(topic)[state]
      return count
    }
    ofClusters(
      'castellan_castle_partitions_under_replicated',
      'Partitions with enough replicas in sync, but not all of them.',
      (cluster) => inState(cluster, 'underReplicated'),
    )
    ofClusters(
      'castellan_castle_partitions_below_min_isr',
      'Partitions with a leader and fewer replicas in sync than min.insync.replicas: they refuse Ack -1.',
      (cluster) => inState(cluster, 'belowMinIsr'),
    )
    ofClusters('castellan_castle_topics', 'Topics, internal ones included.', (cluster) => {
      return [...topicsOf(castle.state, cluster)].filter(({ deleted }) => !deleted).length
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #counts(castle: Castle, loop: LoopWatch): void {
    const { sessions, movements } = castle
    const gauges: [string, string, () => number][] = [
      ['castellan_castle_epoch', 'The Castle epoch.', () => castle.castleEpoch],
      ['castellan_castle_clients', 'Clients that were heard within their lease.', () => sessions.count('client')],
      ['castellan_castle_links', 'Open links.', () => castle.links.count],
      [
        'castellan_castle_loop_longest_block_seconds',
        'The longest block of the event loop since the last look.',
        () => loop.takeLongestMs() / 1000,
      ],
    ]
    const counters: [string, string, () => number][] = [
      ['castellan_castle_heartbeats_total', 'Heartbeats taken in.', () => sessions.counts.heartbeats],
      ['castellan_castle_reports_total', 'Whole reports taken in.', () => sessions.counts.reports],
      ['castellan_castle_deferred_total', 'Arrivals told to come back later.', () => sessions.counts.deferred],
      ['castellan_castle_malformed_total', 'Messages that closed their link.', () => sessions.counts.malformed],
      ['castellan_castle_links_refused_total', 'Links that were not let in.', () => castle.links.refused],
      ['castellan_castle_leader_changes_total', 'Partitions that got or lost a leader.', () => movements.leaders],
      ['castellan_castle_isr_shrinks_total', 'Members that left an ISR.', () => movements.isrLeft],
      ['castellan_castle_isr_expansions_total', 'Members that joined an ISR.', () => movements.isrJoined],
      ['castellan_castle_pushes_total', 'Hints sent.', () => sessions.pushes.sent],
      ['castellan_castle_pushes_dropped_total', 'Hints not sent to slow readers.', () => sessions.pushes.dropped],
    ]
    const registers = [this.#registry]
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
    for (const [name, help, read] of counters) {
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read())
        },
      })
    }
  }
}
