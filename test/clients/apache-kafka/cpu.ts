// Processor time of other processes, from /proc (Linux).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

let ticksPerSecond: number | undefined

/** Seconds that a process has spent on processors since it started, in user and in kernel mode. Throws when it is gone. */
export function cpuSeconds(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, second, is in parentheses and may contain anything. Fields 14 and 15 of all are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Runs `work` and says how much processor time the process took meanwhile. */
export async function withCpuSeconds<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ result: T; cpuSeconds: number }> {
  const before = cpuSeconds(pid)
  const result = await work()
  return { result, cpuSeconds: cpuSeconds(pid) - before }
}
