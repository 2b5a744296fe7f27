// JSON as it was written, only with line breaks: numbers stay digit by digit (9007199254740993 is no double), escapes stay escapes,
// a name that stands twice stands twice. Pure.

export interface Token {
  readonly kind: 'name' | 'value' | 'mark'
  readonly text: string
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** Deeper is not further to the right: 64 KiB of `[` would be gigabytes of blanks. */
const indentMax = 50

/** The tokens with line breaks and indents among the marks, or undefined when `text` is no JSON object or list. */
export function jsonTokens(text: string): Token[] | undefined {
  if (!/^\s*[{[]/.test(text) || !isJson(text)) return undefined
  const raw = text.match(tokenPattern) ?? []
  const tokens: Token[] = []
  let depth = 0
  const line = () => `\n${'  '.repeat(Math.min(depth, indentMax))}`
  for (const [index, token] of raw.entries()) {
    const next = raw[index + 1]
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']'
      depth += 1
      tokens.push({ kind: 'mark', text: isEmpty ? token : token + line() })
    } else if (token === '}' || token === ']') {
      depth -= 1
      const before = raw[index - 1]
      const isEmpty = before === '{' || before === '['
      tokens.push({ kind: 'mark', text: isEmpty ? token : line() + token })
    } else if (token === ',') tokens.push({ kind: 'mark', text: `,${line()}` })
    else if (token === ':') tokens.push({ kind: 'mark', text: ': ' })
    else tokens.push({ kind: next === ':' ? 'name' : 'value', text: token })
  }
  return tokens
}

/** The same as one text. */
export function prettyJson(text: string): string | undefined {
  return jsonTokens(text)
    ?.map((token) => token.text)
    .join('')
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
