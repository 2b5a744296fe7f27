// Castle's own connections to brokers, by the plain Kafka client: for what is the brokers' state and not Castle's (messages,
// offsets). One client for each cluster, made when first asked; which brokers live, Castle tells it, so it never has to ask.
import type { Logger, Runtime } from '@castellan/protocol/runtime'
import { KafkaClient } from '@castellan/sdk/kafka'
import { CastleError } from '../errors.ts'
import type { State } from '../state/state.ts'
import { clusterState } from '../state/subjects.ts'

/** How long brokers are waited for, all tries of one question together. */
export const patienceMs = 3_000
/** The longest answer that is taken: one batch may be longer than what was asked for. */
const frameBytesMax = 32 * 1024 * 1024

interface Known {
  readonly client: KafkaClient
  /** Of the cluster, as the client was told. */
  version: number
}

export class ClusterClients {
  readonly #state: () => State
  readonly #runtime: Runtime
  readonly #log: Logger
  readonly #clients = new Map<string, Known>()

  constructor(state: () => State, runtime: Runtime, log: Logger) {
    this.#state = state
    this.#runtime = runtime
    this.#log = log
  }

  get runtime(): Runtime {
    return this.#runtime
  }

  /** Throws CLUSTER_UNKNOWN. */
  of(clusterId: string): KafkaClient {
    const state = this.#state()
    const cluster = state.get('cluster', clusterId)
    if (cluster === undefined) {
      const params = { cluster: clusterId.slice(0, 300) }
      throw new CastleError('CLUSTER_UNKNOWN', `there is no cluster '${params.cluster}'`, { params })
    }
    let known = this.#clients.get(clusterId)
    if (known === undefined) {
      const options = { bootstrap: [], clientId: 'castle', requestTimeoutMs: patienceMs, frameBytesMax }
      known = { client: new KafkaClient(this.#runtime, options, this.#log), version: -1 }
      this.#clients.set(clusterId, known)
    }
    // Tells brokers that ended, too: connections to them are closed.
    if (known.version !== cluster.version) known.client.view.tellCluster(clusterState(state, cluster))
    known.version = cluster.version
    return known.client
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close()
    this.#clients.clear()
  }
}
