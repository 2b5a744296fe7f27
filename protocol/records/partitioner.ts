// Which partition a key belongs to: as Kafka's Java client says, so that every client agrees.

const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/** 32-bit MurmurHash2 with Kafka's seed; signed, as in Java. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  const whole = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < whole; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> 24
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  if (length > whole) {
    let rest = bytes[whole]!
    if (length > whole + 1) rest |= bytes[whole + 1]! << 8
    if (length > whole + 2) rest |= bytes[whole + 2]! << 16
    hash = Math.imul(hash ^ rest, multiplier)
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/** The partition of a key among `partitionCount` (at least 1). The sign bit is cut off, not negated, as in Java. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
