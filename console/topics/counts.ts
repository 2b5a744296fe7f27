// The numbers that a person types into the form of a new topic.
export const partitionsMax = 10_000
export const replicasMax = 100

/** The whole number from 1 to `max` that was typed, or undefined when it is none: it is never put right in silence. */
export function countOf(typed: string, max: number): number | undefined {
  const count = /^\d{1,9}$/.test(typed.trim()) ? Number(typed) : 0
  return count >= 1 && count <= max ? count : undefined
}
