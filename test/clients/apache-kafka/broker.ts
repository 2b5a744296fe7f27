// One real Apache Kafka: broker and controller in one process (KRaft), on free ports and in a folder of its own.
//
// Our client and our broker could share a misreading of the protocol; Kafka itself does not. It is also the peer that
// figures are taken beside.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, waitFor } from '../../processes/index.ts'
import { JavaProcess } from './java.ts'

export interface ApacheKafkaOptions {
  readonly heapMiB?: number
  /** Further broker settings, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string>>
}

export const startMs = 120_000
/** As Kafka's own start script sets them. */
export const jvm = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`,
]

export class ApacheKafka {
  /** host:port */
  readonly bootstrap: string
  readonly #folder: string
  readonly #process: JavaProcess

  /** Resolves when it answers; rejects with what it wrote when it does not start. */
  static async start(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-apache-kafka-'))
    try {
      const [port, controllerPort] = (await freePorts(2)) as [number, number]
      const config = join(folder, 'server.properties')
      writeFileSync(config, propertiesText(settingsOf(folder, port, controllerPort, options.settings ?? {})))
      await new JavaProcess('kafka.tools.StorageTool', ['format', '--cluster-id', clusterId, '--config', config], {
        jvm: ['-XX:TieredStopAtLevel=1', ...jvm.slice(-2)],
      }).done()
      return await ApacheKafka.#run(folder, config, port, options.heapMiB ?? 512)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  static async #run(folder: string, config: string, port: number, heapMiB: number): Promise<ApacheKafka> {
    const process = new JavaProcess('kafka.Kafka', [config], {
      jvm: [`-Xms${heapMiB}m`, `-Xmx${heapMiB}m`, ...jvm],
      cwd: folder,
    })
    const state = await waitFor(
      'Apache Kafka to start',
      () => (process.isRunning ? process.output.includes('Kafka Server started') && 'started' : 'ended'),
      startMs,
    ).catch(async (error) => {
      await process.kill()
      throw new Error(`Apache Kafka did not start:\n${process.output.slice(-4000)}`, { cause: error })
    })
    if (state === 'ended') throw new Error(`Apache Kafka ended while it started:\n${process.output.slice(-4000)}`)
    return new ApacheKafka(folder, port, process)
  }

  private constructor(folder: string, port: number, process: JavaProcess) {
    this.#folder = folder
    this.#process = process
    this.bootstrap = `127.0.0.1:${port}`
  }

  get pid(): number {
    return this.#process.pid
  }

  /** What it logged: warnings and errors. */
  get log(): string {
    return this.#process.output
  }

  /** Ends it (a test has no use for a clean shutdown) and removes its folder. */
  async stop(): Promise<void> {
    await this.#process.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A fixed one: each instance is a world of its own. */
export const clusterId = 'Q2FzdGVsbGFuVGVzdEtSYQ'

function settingsOf(
  folder: string,
  port: number,
  controllerPort: number,
  further: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': join(folder, 'logs'),
    // One broker has no room for more replicas.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Fewer partitions of internal topics start faster.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    ...further,
  }
}

export function propertiesText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
