// `npm run bench -- NAME [options]`: the measurements, each beside a peer in the same run. On a machine that does something else
// meanwhile they mean little; ratios hold better than figures.
import { calm } from './calm.ts'
import { failover } from './failover.ts'
import { heartbeats } from './heartbeat.ts'
import { produceCpu } from './produce-cpu.ts'
import { rf3 } from './rf3.ts'

interface Bench {
  readonly doc: string
  run(args: string[]): Promise<void>
}

const benches: Record<string, Bench> = {
  produce: {
    doc: "Kafka's ProducerPerformance (acks=1, one partition) against Apache Kafka and Castellan: throughput, broker CPU per GB",
    run: produceCpu,
  },
  rf3: {
    doc: "Kafka's ProducerPerformance (acks=all, three replicas, 6 partitions) against three brokers of each: throughput, CPU of the three",
    run: rf3,
  },
  failover: {
    doc: 'the pause that producers (SDK, Java, librdkafka, franz-go) see when a broker dies, hangs or is cut off; --runs N, --faults kill,hang,cut, --kafka',
    run: failover,
  },
  calm: {
    doc: "load alone must alarm nobody: changes of leaders and ISRs, and the longest blocks of the loops, while Kafka's producer tool sends all it can; --minutes N",
    run: calm,
  },
  heartbeat: {
    doc: "what 50,000 clients' heartbeats cost Castle, without a network: CPU, heap, bytes, a push to all",
    run: heartbeats,
  },
}

const [name = '', ...args] = process.argv.slice(2)
const bench = Object.hasOwn(benches, name) ? benches[name] : undefined
if (bench === undefined) {
  const list = Object.entries(benches).map(([name, { doc }]) => `  ${name}  ${doc}`)
  console.error(`npm run bench -- NAME [options], where NAME is one of\n${list.join('\n')}`)
  process.exitCode = 1
} else {
  await bench.run(args)
}
