// What a process takes from its surroundings: time, randomness, a disk and a network.
//
// Broker, Castle and SDK get these handed in and never reach for Node's own. Production passes
// `nodeRuntime()`; the simulator passes seeded fakes, so the very same code runs under crashes, cuts,
// delays and lost bytes, and a failing seed replays exactly (design.md, decision 5).
import type { Clock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'

export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly network: Network
  /**
   * Names the run of the machine, from power to power loss: while it is the same, what was written is in the page cache at least (R8).
   * Where that cannot be known it is another one for each process.
   */
  readonly bootId: string
}
