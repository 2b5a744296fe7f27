// Looks at the brokers of a run from inside: who says that it leads, and where each replica stands.
import type { Broker } from '@castellan/broker'
import type { Partition } from '@castellan/broker/partition'
import type { Process } from '@castellan/testing/simulator'
import type { Cluster } from './cluster.ts'
import { nameOf } from './topics.ts'

const everyMs = 200

export class BrokerWatch {
  readonly #cluster: Cluster
  /** A replica that was out of use, or was taken away and given back, is made anew: what it says then is of another log. */
  readonly #generations = new Map<string, number>()
  readonly #newest = new Map<string, Partition>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  watch(broker: Broker, process: Process): void {
    const { recorder, scheduler } = this.#cluster
    const life = this.#cluster.lives(process)
    const note = (partition: Partition) => {
      if (process.dead) return
      const name = nameOf(partition.topic, partition.index)
      if (partition.fault !== null) this.#nextGeneration(`${life} ${name}`)
      if (!partition.isLeader) return
      const { leaderEpoch } = partition
      scheduler.trace(() => `${process.name} leads ${name} at epoch ${leaderEpoch}`)
      recorder.leaderships.push({
        partition: name,
        leaderEpoch,
        broker: broker.config.brokerId,
        process: life,
        atMs: scheduler.nowMs,
      })
    }
    broker.partitions.onLeadership(note)
    for (const partition of broker.partitions.all()) note(partition)
    this.#sample(broker, process, life)
  }

  #nextGeneration(replica: string): void {
    this.#generations.set(replica, (this.#generations.get(replica) ?? 0) + 1)
  }

  #sample(broker: Broker, process: Process, life: string): void {
    const { recorder, scheduler } = this.#cluster
    scheduler.at(everyMs, () => {
      if (process.dead) return
      for (const partition of broker.partitions.all()) {
        const { leaderEpoch, isLeader, highWatermark, endOffset, isBusy } = partition
        // While its log is being cut it serves nobody, and what it says of itself is of before.
        if (partition.fault !== null || partition.topic === '' || (isBusy && !isLeader)) continue
        const name = nameOf(partition.topic, partition.index)
        const newest = this.#newest.get(`${life} ${name}`)
        if (newest !== undefined && newest !== partition) this.#nextGeneration(`${life} ${name}`)
        this.#newest.set(`${life} ${name}`, partition)
        recorder.replicaStates.push({
          partition: name,
          broker: broker.config.brokerId,
          process: `${life}-${this.#generations.get(`${life} ${name}`) ?? 0}`,
          leaderEpoch,
          isLeader,
          highWatermark,
          endOffset,
          atMs: scheduler.nowMs,
        })
      }
      this.#sample(broker, process, life)
    })
  }
}
