export * from './nearest.ts'
export * from './table.ts'
export * from './types.ts'
