// Who a process is, beyond its number: numbers are used again, above all after a reboot. On Linux the time at which it was
// started makes it unmistakable; elsewhere the number has to do.
import { existsSync, readFileSync } from 'node:fs'
import { codeOf } from '../errors.ts'

export interface ProcessId {
  readonly pid: number
  /** Clock ticks between boot and its start, and which boot that was; empty where the system does not tell. */
  readonly started: string
}

export function processId(pid: number): ProcessId {
  return { pid, started: startOf(pid) }
}

export function isRunning({ pid, started }: ProcessId): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    if (codeOf(error) !== 'EPERM') throw error
  }
  return startOf(pid) === started
}

function startOf(pid: number): string {
  if (!existsSync('/proc/self/stat')) return ''
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, second field, may contain anything but ends with the last parenthesis; a zombie (Z) has ended.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return 'ended'
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return 'ended'
    throw error
  }
}
