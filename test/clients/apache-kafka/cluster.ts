// Three real Apache Kafka brokers, each a controller too (KRaft), as processes that can be killed and started again: the peer that
// failover and replication are measured beside. Its settings are Kafka's defaults.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, waitFor } from '../../processes/index.ts'
import { clusterId, jvm, propertiesText, startMs } from './broker.ts'
import { JavaProcess } from './java.ts'

const ids = [1, 2, 3]

export class ApacheKafkaCluster {
  readonly bootstrap: string
  readonly #folder: string
  readonly #heapMiB: number
  readonly #ports: readonly number[]
  readonly #processes = new Map<number, JavaProcess>()

  /** Resolves when all three answer. */
  static async start(heapMiB: number): Promise<ApacheKafkaCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-apache-kafka-'))
    const cluster = new ApacheKafkaCluster(folder, await freePorts(ids.length * 2), heapMiB)
    try {
      await Promise.all(ids.map((id) => cluster.#format(id)))
      await Promise.all(ids.map((id) => cluster.restart(id)))
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  private constructor(folder: string, ports: readonly number[], heapMiB: number) {
    this.#folder = folder
    this.#ports = ports
    this.#heapMiB = heapMiB
    this.bootstrap = ids.map((id) => `127.0.0.1:${this.#port(id)}`).join(',')
  }

  pid(id: number): number {
    return this.#process(id).pid
  }

  signal(id: number, signal: NodeJS.Signals): void {
    process.kill(this.pid(id), signal)
  }

  /** kill -9; resolves when it is gone. */
  async kill(id: number): Promise<void> {
    await this.#process(id).kill()
  }

  /** Starts a broker (again), on its port and data; resolves when it answers. */
  async restart(id: number): Promise<void> {
    const heap = [`-Xms${this.#heapMiB}m`, `-Xmx${this.#heapMiB}m`]
    const java = new JavaProcess('kafka.Kafka', [this.#config(id)], { jvm: [...heap, ...jvm], cwd: this.#home(id) })
    this.#processes.set(id, java)
    const state = await waitFor(
      `Kafka ${id} to start`,
      () => (java.isRunning ? java.output.includes('Kafka Server started') && 'started' : 'ended'),
      startMs,
    )
    if (state === 'ended') throw new Error(`Kafka ${id} ended while it started:\n${java.output.slice(-4_000)}`)
  }

  /** Ends all and removes their folder. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].filter(({ isRunning }) => isRunning).map((java) => java.kill()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #format(id: number): Promise<void> {
    mkdirSync(this.#home(id))
    writeFileSync(this.#config(id), propertiesText(this.#settings(id)))
    const words = ['format', '--cluster-id', clusterId, '--config', this.#config(id)]
    await new JavaProcess('kafka.tools.StorageTool', words, {
      jvm: ['-XX:TieredStopAtLevel=1', ...jvm.slice(-2)],
    }).done()
  }

  #settings(id: number): Record<string, string> {
    const voters = ids.map((id) => `${id}@127.0.0.1:${this.#controllerPort(id)}`).join(',')
    return {
      'process.roles': 'broker,controller',
      'node.id': String(id),
      'controller.quorum.voters': voters,
      'controller.listener.names': 'CONTROLLER',
      listeners: `PLAINTEXT://127.0.0.1:${this.#port(id)},CONTROLLER://127.0.0.1:${this.#controllerPort(id)}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${this.#port(id)}`,
      'log.dirs': join(this.#home(id), 'logs'),
      // Removed topics free their pages before the next run.
      'log.segment.delete.delay.ms': '1000',
    }
  }

  #home(id: number): string {
    return join(this.#folder, String(id))
  }

  #config(id: number): string {
    return join(this.#home(id), 'server.properties')
  }

  #port(id: number): number {
    return this.#ports[(id - 1) * 2]!
  }

  #controllerPort(id: number): number {
    return this.#ports[(id - 1) * 2 + 1]!
  }

  #process(id: number): JavaProcess {
    const java = this.#processes.get(id)
    if (java === undefined) throw new Error(`there is no Kafka ${id}`)
    return java
  }
}
