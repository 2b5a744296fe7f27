// Committed offsets and lag of a group, asked of the brokers: they are the brokers' state, not Castle's. Brokers that do not
// answer in time cost the answer its offsets, never the whole view.

import { Admin } from '@castellan/sdk/kafka'
import { type ClusterClients, patienceMs } from '../browse/cluster-clients.ts'
import { findOffsets } from '../browse/offsets.ts'
import type { Castle } from '../castle.ts'
import { messageOf } from '../errors.ts'
import type { Offsets } from '../views/groups.ts'

type Committed = Awaited<ReturnType<Admin['groupOffsets']>>

export class GroupOffsets {
  readonly #castle: Castle
  readonly #clients: ClusterClients

  constructor(castle: Castle, clients: ClusterClients) {
    this.#castle = castle
    this.#clients = clients
  }

  /** Never rejects. */
  async of(cluster: string, group: string): Promise<Offsets> {
    if (this.#castle.groups.coordinatorOf(cluster, group) === -1) {
      return { offsets: [], offsetsProblem: 'the group has no coordinator at the moment' }
    }
    try {
      const committed = await this.#inTime(new Admin(this.#clients.of(cluster)).groupOffsets(group))
      return await this.#withEnds(cluster, committed)
    } catch (error) {
      return { offsets: [], offsetsProblem: messageOf(error) }
    }
  }

  async #withEnds(cluster: string, committed: Committed): Promise<Offsets> {
    const topics = [...new Set(committed.map(({ topic }) => topic))]
    const problems: string[] = []
    const ends = new Map<string, number | null>()
    await Promise.all(
      topics.map(async (name) => {
        const topic = this.#castle.state.topicNamed(cluster, name)
        if (topic === undefined) return
        const partitions = committed.flatMap((each) => (each.topic === name ? [each.partition] : []))
        const queries = partitions.map((partition) => ({ partition, at: 'latest' as const }))
        const { offsets, problem } = await findOffsets(this.#clients.of(cluster), topic, queries)
        if (problem !== null) problems.push(problem)
        for (const [index, partition] of partitions.entries()) ends.set(`${name}/${partition}`, offsets[index] ?? null)
      }),
    )
    const offsets = committed.map(({ topic, partition, offset }) => {
      const end = ends.get(`${topic}/${partition}`) ?? null
      return { topic, partition, committed: offset, end, lag: end === null ? null : Math.max(0, end - offset) }
    })
    return { offsets, offsetsProblem: problems[0] ?? null }
  }

  #inTime<T>(task: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const problem = new Error(`the brokers did not tell the offsets within ${patienceMs} ms`)
      const timer = this.#clients.runtime.clock.after(patienceMs, () => reject(problem))
      task.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}
