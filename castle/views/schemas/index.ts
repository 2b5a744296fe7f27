// All that the API answers, for those who read it: the command line and the console know Castle by these types alone.
export * from './clients.ts'
export * from './clusters.ts'
export * from './groups.ts'
export * from './system.ts'
export * from './topics.ts'
