// Bytes as a person reads them: pure.
import type { Bytes } from './api.ts'

export function bytesOf(view: NonNullable<Bytes>): Uint8Array {
  if ('text' in view) return new TextEncoder().encode(view.text)
  return Uint8Array.from(atob(view.base64), (character) => character.charCodeAt(0))
}

/** Characters that nobody sees, or that turn round the order of others: a payload with them would look like another one. */
const hiddenPattern = /(?![\n\r\t])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** The text with such characters written out: `U+202E`. For showing, not for copying. */
export function visible(text: string): string {
  return text.replace(hiddenPattern, (character) => {
    return `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

const previewMax = 300

/** One line of it, for a table; '' for null. */
export function previewOf(view: Bytes): string {
  if (view === null) return ''
  if ('text' in view) return visible(view.text.slice(0, previewMax).replace(/\s+/g, ' '))
  const shown = bytesOf({ base64: view.base64.slice(0, 80) })
  return [...shown].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

const rowBytes = 16

/** `00000010  48 65 6c 6c ...  Hello...` */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += rowBytes) {
    const row = bytes.subarray(at, at + rowBytes)
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0'))
    const cells = `${hex.slice(0, 8).join(' ').padEnd(23)}  ${hex.slice(8).join(' ').padEnd(23)}`
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${cells}  ${text}`)
  }
  return lines.join('\n')
}

/** Headers as a person types them, one a line: `name: value`. `wrong` is the first line that is none. */
export function readHeaders(text: string): { headers: { name: string; value: string }[]; wrong: string | undefined } {
  const headers: { name: string; value: string }[] = []
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim()
    if (colon === -1 || name === '') return { headers, wrong: line.trim() }
    headers.push({ name, value: line.slice(colon + 1).trim() })
  }
  return { headers, wrong: undefined }
}
