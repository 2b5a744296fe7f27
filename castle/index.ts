// The public face of Castle. The simulator takes `@castellan/castle/castle` and `/store`, which touch no machine.
export { Castle, type CastleOptions } from './castle.ts'
export {
  type CastleConfig,
  type CoreSettings,
  castleConfig,
  castleSettings,
  coreConfig,
  coreSettings,
  parseCastleConfig,
} from './config.ts'
export { CastleError, type CastleErrorCode, errorKinds } from './errors.ts'
export { type RunningCastle, startCastle } from './main.ts'
export { MemoryDisk, MemoryStore } from './store/memory.ts'
export type { Change, Entry, Lease, Store } from './store/store.ts'
