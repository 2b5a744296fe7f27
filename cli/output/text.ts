// Text on a terminal: how wide it is, cut to fit, in colour, and harmless. Names and messages come from anybody, and a terminal
// obeys what it is shown: control characters are written as escapes.
import { createRequire } from 'node:module'
import { styleText } from 'node:util'
import type { Output } from '../io.ts'

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim'

export function paint(out: Output, style: Style, text: string): string {
  return out.hasColours ? styleText(style, text, { validateStream: false }) : text
}

const require = createRequire(import.meta.url)
const plain = /^[ -~]*$/

/** Columns of a terminal: two for most of Chinese, none for what combines with the letter before. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length
  // Loaded only now: the tables of Unicode that it makes would cost every process of a platform a twentieth of a second.
  const { default: stringWidth } = require('string-width') as typeof import('string-width')
  return stringWidth(text)
}

/** Made at first use: its tables cost as much as string-width's. */
let segments: Intl.Segmenter | undefined

/** At most `columns` wide; what is cut off shows as an ellipsis. */
export function fitted(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  if (columns < 1) return ''
  let width = 1 // the ellipsis
  let kept = ''
  segments ??= new Intl.Segmenter()
  for (const { segment } of segments.segment(text)) {
    width += widthOf(segment)
    if (width > columns) break
    kept += segment
  }
  return `${kept}…`
}

/** Control characters as escapes; `multiline` keeps line ends and tabs. */
export function harmless(text: string, multiline = false): string {
  return text.replace(multiline ? controlsButLines : controls, (character) => {
    const code = character.codePointAt(0) ?? 0
    return named[character] ?? (code > 0xff ? `\\u{${code.toString(16)}}` : `\\x${code.toString(16).padStart(2, '0')}`)
  })
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }
// C0, DEL, C1, and the marks that turn the direction of what follows.
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
const controlsButLines = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
