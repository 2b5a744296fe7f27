import { randomBytes } from 'node:crypto'
import type { Random } from './random.ts'

export const nodeRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => new Uint8Array(randomBytes(length)),
}
