export type { FrameMemory, FrameWait } from './frame-memory.ts'
export * from './frame-reader.ts'
export * from './headers.ts'
export { type Claim, type RequestSlab, type Slab, SlabPool, type SlabPoolOptions, smallSlabBytes } from './slab.ts'
