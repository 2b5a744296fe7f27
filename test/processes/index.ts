// Real processes in tests.
export { missingTools, needing, pathOf, type Tool, tools } from './machine.ts'
export { type Machine, Machines, machinesMissing, named } from './machines.ts'
export { type MemberName, type PlatformOptions, startPlatform, TestPlatform } from './platform.ts'
export { freePorts } from './ports.ts'
export { castellan, complaints, type Ended, root, TestProcess } from './process.ts'
export { waitFor } from './wait.ts'
