// The colours reach WCAG AA (4.5:1) wherever they stand as text, in both themes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

type Rgb = readonly [red: number, green: number, blue: number]

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8')
const grounds = ['page', 'panel', 'sunken', 'hover', 'active']
const texts = ['text', 'text-second', 'text-third', 'link']
/** What stands on which tint besides. */
const tinted = [
  ['ok', 'ok-tint'],
  ['warn', 'warn-tint'],
  ['bad', 'bad-tint'],
  ['text-second', 'neutral-tint'],
]

describe.each([
  ['light', ':root {'],
  ['dark', ':root[data-theme="dark"] {'],
])('%s', (_, selector) => {
  const start = css.indexOf(selector)
  const block = css.slice(start, css.indexOf('}', start))
  const colours = new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6}|rgba\([^)]+\));/g)].map((m) => [m[1], m[2]]))
  const ofName = (name: string) => colours.get(name) ?? ''
  const pairs = [
    ...texts.flatMap((text) => grounds.map((ground) => [text, ground])),
    ...['ok', 'warn', 'bad'].flatMap((text) => ['page', 'panel', 'sunken'].map((ground) => [text, ground])),
    ...tinted,
  ]

  test.each(pairs)('%s on %s', (text, ground) => {
    expect(contrast(ofName(text ?? ''), ofName(ground ?? ''))).toBeGreaterThanOrEqual(4.5)
  })
})

function contrast(text: string, ground: string): number {
  const below = blend(ground, [255, 255, 255])
  const [light, dark] = [luminance(blend(text, below)), luminance(below)].sort((one, other) => other - one)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

function blend(colour: string, below: Rgb): Rgb {
  const hex = /^#(..)(..)(..)$/.exec(colour)
  if (hex !== null) return [hex[1], hex[2], hex[3]].map((part) => Number.parseInt(part ?? '', 16)) as unknown as Rgb
  const [red = 0, green = 0, blue = 0, alpha = 1] = colour.match(/[\d.]+/g)?.map(Number) ?? []
  return [red, green, blue].map((part, index) => part * alpha + (below[index] ?? 0) * (1 - alpha)) as unknown as Rgb
}

function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
