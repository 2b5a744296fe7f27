// The parts of the simulator: one clock and one source of chance, machines with disks and processes, the network between them. Tests of
// services (this package) and the seeds of test/simulation run the same ones.
export { fieldsAsText, type LogWatch, processLog } from './log.ts'
export { type LinkTrouble, noTrouble, SimNetwork } from './network.ts'
export { type Flaw, Platters } from './platters.ts'
export { type HowItEnds, Machine, Process } from './process.ts'
export { SeededRandom } from './random.ts'
export { Scheduler } from './scheduler.ts'
export { type Committed, castleAddress, castleUrl, startBroker, startCastle } from './servers.ts'
