// The kinds of topic settings: how each is read from text, what is allowed, and what to say when it is not.

/** As DescribeConfigs names types by number. */
export const kafkaTypes = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const

export interface TopicSetting<T = unknown> {
  /** Kafka's. */
  readonly name: string
  readonly type: keyof typeof kafkaTypes
  readonly default: string
  /** False: this version takes the default only. */
  readonly honoured: boolean
  /** What would be right, to follow "must be". */
  readonly expected: string
  /** One sentence for people. */
  readonly doc: string
  /** Undefined: `text` is no value that this version takes. */
  parse(text: string): T | undefined
}

const typeMax = { int: 2 ** 31 - 1, long: Number.MAX_SAFE_INTEGER }

/**
 * A whole number from `min` on. `unlimited` is the value that stands for "no limit": it is read as Infinity, and so is, for
 * a long, anything beyond 2^53 (Kafka writes "never" as 2^63 - 1).
 */
export function wholeNumber(
  name: string,
  type: 'int' | 'long',
  byDefault: number | '9223372036854775807',
  limits: { min: number; unlimited?: number; unit?: string },
  doc: string,
): TopicSetting<number> {
  const { min, unlimited, unit = '' } = limits
  const range = type === 'int' ? `from ${min} to ${typeMax.int}` : `of ${min} or more`
  return {
    name,
    type,
    default: String(byDefault),
    honoured: true,
    expected: `a whole number${unit && ` of ${unit}`} ${range}${unlimited === undefined ? '' : `, or ${unlimited} for no limit`}`,
    doc,
    parse(text) {
      if (!/^-?\d{1,19}$/.test(text)) return undefined
      const value = Number(text)
      if (value === unlimited) return Infinity
      if (value < min) return undefined
      if (value <= typeMax[type]) return value
      return type === 'long' && BigInt(text) < 2n ** 63n ? Infinity : undefined
    },
  }
}

export function oneOf<const T extends string>(name: string, values: readonly T[], doc: string): TopicSetting<T> {
  return {
    name,
    type: 'string',
    default: values[0]!,
    honoured: true,
    expected: values.join(' or '),
    doc,
    parse: (text) => values.find((value) => value === text),
  }
}

export function trueOrFalse(name: string, byDefault: boolean, doc: string): TopicSetting<boolean> {
  return {
    name,
    type: 'boolean',
    default: String(byDefault),
    honoured: true,
    expected: 'true or false',
    doc,
    parse: (text) => {
      const word = text.trim().toLowerCase() // as Kafka reads it
      return word === 'true' || word === 'false' ? word === 'true' : undefined
    },
  }
}

/** A setting that this version has at one value only: `why` says what is not there yet, or why it never will be. */
export function fixed(
  name: string,
  type: TopicSetting['type'],
  only: string,
  why: string,
  doc: string,
): TopicSetting<never> {
  return {
    name,
    type,
    default: only,
    honoured: false,
    expected: `${only === '' ? 'empty' : only}, as ${why}`,
    doc,
    // The value has no effect, so that nobody needs it typed.
    parse: (text) => (text.trim() === only ? (text as never) : undefined),
  }
}
