// Two platforms side by side: the same load goes to each in turns (A B A B), so that what else the machine does disturbs both alike. A JVM
// counts only after it is warm, hence the rounds that are not counted.
import { availableParallelism, loadavg } from 'node:os'
import { javaMissing, type ProduceResult } from '../clients/apache-kafka/index.ts'

export interface Load {
  readonly records: number
  readonly recordBytes: number
}

export interface Measured {
  readonly produced: ProduceResult
  /** Of the brokers, per gigabyte of the producer's bytes. */
  readonly cpuSecondsPerGB: number
}

export interface Rounds {
  readonly rounds: number
  /** Before those, and not counted. */
  readonly warmUp: number
}

/** Says how busy the machine is; false, with the reason told and the process's exit code set: what is needed of Java is missing. */
export function mayCompare(): boolean {
  const missing = javaMissing()
  if (missing !== undefined) {
    console.error(`${missing}: install them and run this again`)
    process.exitCode = 1
    return false
  }
  const load = loadavg()[0]!.toFixed(1)
  console.log(`load average before: ${load} on ${availableParallelism()} cores (what else runs, disturbs)`)
  return true
}

/** Measures each peer once in every round, tells each run, and returns those that count. `run` counts from 0, with the warm-up. */
export async function compare<Peer extends { readonly name: string }>(
  peers: readonly Peer[],
  { rounds, warmUp }: Rounds,
  measure: (peer: Peer, run: number) => Promise<Measured>,
): Promise<Map<Peer, Measured[]>> {
  const measured = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]))
  for (let round = -warmUp; round < rounds; round++) {
    for (const peer of peers) {
      const run = await measure(peer, round + warmUp)
      if (round >= 0) measured.get(peer)!.push(run)
      console.log(`${round < 0 ? 'warm-up' : `round ${round + 1}`}  ${line(peer.name, run)}`)
    }
  }
  return measured
}

export function line(name: string, { produced, cpuSecondsPerGB }: Measured): string {
  const { recordsPerSecond, megabytesPerSecond, p50Ms, p99Ms } = produced
  return [
    name.padEnd(12),
    `${Math.round(recordsPerSecond / 1000)} k records/s`.padStart(15),
    `${Math.round(megabytesPerSecond)} MB/s`.padStart(9),
    `p50 ${p50Ms} ms`.padStart(11),
    `p99 ${p99Ms} ms`.padStart(11),
    `brokers ${cpuSecondsPerGB.toFixed(2)} CPU s/GB`,
  ].join('  ')
}

export function gigabytes({ records, recordBytes }: Load): number {
  return (records * recordBytes) / 1e9
}
