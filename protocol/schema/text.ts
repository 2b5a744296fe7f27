// Strings and ids from bytes. The same topic names, client ids and topic ids arrive with every request, so what
// was decoded lately is kept in a table of fixed size and found again by its bytes: no call into V8's decoder, no
// garbage, and a string that is already hashed when a Map looks it up.

const slots = 1024
const internedBytesMax = 48

const texts: string[] = new Array<string>(slots).fill('')

/** The UTF-8 text in [start, end). Invalid sequences become U+FFFD, as Java does it. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > internedBytesMax) return bytes.toString('utf8', start, end)
  let hash = length
  let union = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    hash = Math.imul(hash ^ byte, 0x01000193)
    union |= byte
  }
  if (union >= 0x80) return bytes.toString('utf8', start, end)
  const slot = (hash ^ (hash >>> 15)) & (slots - 1)
  const known = texts[slot]!
  if (known.length === length && isText(known, bytes, start)) return known
  const text = bytes.toString('latin1', start, end)
  texts[slot] = text
  return text
}

function isText(text: string, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const nibbles = new Int8Array(128).fill(-1)
for (let digit = 0; digit < 16; digit++) {
  nibbles[digit.toString(16).charCodeAt(0)] = digit
  nibbles[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

const uuidBytes = new Uint8Array(slots * 16)
const uuids: string[] = new Array<string>(slots).fill('00000000-0000-0000-0000-000000000000')

/** The 16 bytes from `start` as 36 characters. */
export function decodeUuid(bytes: Uint8Array, start: number): string {
  let hash = 0
  for (let i = 0; i < 16; i++) hash = Math.imul(hash ^ bytes[start + i]!, 0x01000193)
  const slot = (hash ^ (hash >>> 15)) & (slots - 1)
  const key = slot * 16
  let same = true
  for (let i = 0; i < 16 && same; i++) same = uuidBytes[key + i] === bytes[start + i]
  if (same) return uuids[slot]!
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += hex[bytes[start + i]!]
    uuidBytes[key + i] = bytes[start + i]!
  }
  uuids[slot] = text
  return text
}

/** Writes the id's 16 bytes at `at`; false when `text` is none. */
export function encodeUuid(text: string, target: Uint8Array, at: number): boolean {
  if (text.length !== 36) return false
  let from = 0
  let dashes = 0 // stays 0 while all dashes are dashes
  let digits = 0 // turns negative with the first that is no digit
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) dashes |= text.charCodeAt(from++) ^ 45
    const high = nibbles[text.charCodeAt(from++)] ?? -1
    const low = nibbles[text.charCodeAt(from++)] ?? -1
    target[at + i] = (high << 4) | low
    digits |= high | low
  }
  return dashes === 0 && digits >= 0
}
