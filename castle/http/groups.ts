// /api/groups: who processes what, and how far they are.

import { Type } from '@castellan/protocol/json-schema'
import type { FastifyInstance } from 'fastify'
import type { Castle } from '../castle.ts'
import { summarizeGroup, viewGroup } from '../views/groups.ts'
import { groupSummary, groupView } from '../views/schemas/groups.ts'
import type { GroupOffsets } from './group-offsets.ts'
import { list, listOf, listQuery } from './lists.ts'
import { addRoute } from './routes.ts'

const strict = { additionalProperties: false }
const inCluster = { cluster: Type.Optional(Type.String({ maxLength: 249 })) }

export function addGroups(app: FastifyInstance, castle: Castle, groupOffsets: GroupOffsets): void {
  addRoute(app, {
    method: 'GET',
    url: '/api/groups',
    tag: 'groups',
    summary: 'Lists the consumer groups of one cluster, or of all.',
    query: Type.Object({ ...inCluster, ...listQuery(['name', 'members']) }, strict),
    answers: [200, listOf(groupSummary)],
    handle: ({ query }) => {
      const clusters =
        query.cluster === undefined ? [...castle.state.all('cluster')] : [castle.clusterNamed(query.cluster)]
      const groups = clusters.flatMap(({ id }) => castle.groups.names(id).map((name) => ({ cluster: id, name })))
      return list(groups, query, {
        name: ({ cluster, name }) => `${name}/${cluster}`,
        sorts: { members: ({ cluster, name }) => castle.groups.members(cluster, name).length },
        show: ({ cluster, name }) => summarizeGroup(castle, cluster, name),
      })
    },
  })
  addRoute(app, {
    method: 'GET',
    url: '/api/groups/:group',
    tag: 'groups',
    summary: 'Shows a group: members, target and actual assignment, committed offsets and lag.',
    params: Type.Object({ group: Type.String({ maxLength: 1_000 }) }),
    query: Type.Object(inCluster, strict),
    answers: [200, groupView],
    handle: async ({ params, query }) => {
      const cluster = castle.clusterNamed(query.cluster).id
      return viewGroup(castle, cluster, params.group, await groupOffsets.of(cluster, params.group))
    },
  })
}
