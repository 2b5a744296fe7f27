// What is wrong, in a sentence: Castle says it by a code and values, so that every face can say it in its own language.

export interface Problem {
  readonly kind: string
  /** 1: the worst. */
  readonly harm: number
  readonly cluster: string
  readonly what: string
  readonly params: Readonly<Record<string, unknown>>
  readonly since: string | null
  readonly about: readonly string[]
}

export function problemText({ what, params, about }: Problem): string {
  const values = Object.entries(params).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return [what, about.join(' '), values.join(', ')].filter((part) => part !== '').join(': ')
}
