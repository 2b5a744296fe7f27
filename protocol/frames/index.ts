export * from './frame-reader.ts'
export * from './headers.ts'
export { type Slab, SlabPool, type SlabPoolOptions } from './slab.ts'
