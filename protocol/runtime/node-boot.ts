// Which run of the machine this is. Linux says; elsewhere nobody can, and each process counts as another run.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Undefined: this system has no such file. */
function linuxBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined
  } catch {
    return undefined // another system, or a sandbox that hides it
  }
}

export const nodeBootId: string = linuxBootId() ?? `unknown-${randomUUID()}`
