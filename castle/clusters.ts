// Clusters, as people name and change them. They are made with their first broker (brokers/registration.ts).
import { CastleError } from './errors.ts'
import { anyCluster } from './scope.ts'
import type { Draft } from './state/draft.ts'
import type { Cluster } from './state/entities.ts'
import type { State } from './state/state.ts'

/** The cluster that is meant when none is named: of several the first by name. Throws CLUSTER_UNKNOWN. */
export function clusterNamed(state: State, name?: string): Cluster {
  const found = name === undefined ? anyCluster(state) : state.get('cluster', name)
  if (found !== undefined) return found
  if (name !== undefined) throw clusterUnknown(name)
  throw new CastleError('CLUSTER_UNKNOWN', 'there is no cluster yet', {
    next: 'Start a broker: its cluster is made with it.',
  })
}

/** Such as from test to production. Throws CLUSTER_UNKNOWN. */
export function changeEnvironment(draft: Draft, id: string, environment: string): Cluster {
  const cluster = draft.get('cluster', id)
  if (cluster === undefined) throw clusterUnknown(id)
  if (cluster.environment === environment) return cluster
  const changed = { ...cluster, environment, version: draft.nextVersion() }
  draft.put('cluster', changed)
  const what = `cluster ${id} is of environment ${environment} now`
  draft.decide({ kind: 'cluster-changed', what, why: 'asked for', about: [`cluster/${id}`] })
  return changed
}

function clusterUnknown(name: string): CastleError {
  const params = { cluster: name.slice(0, 300) }
  return new CastleError('CLUSTER_UNKNOWN', `there is no cluster '${params.cluster}'`, { params })
}
