// Addresses of pages, as patterns with named parts: `/topics/:cluster/:topic/:tab?`. Pure: what a pattern makes of a path, and
// the path that is made of parts. The types know the names, so a link to a page that lacks a part does not compile.

type Names<Pattern extends string> = Pattern extends `${string}/:${infer Part}/${infer Rest}`
  ? Part | Names<`/${Rest}`>
  : Pattern extends `${string}/:${infer Part}`
    ? Part
    : never
type Optional<Name extends string> = Name extends `${infer Bare}?` ? Bare : never

/** The parts of a path; those whose name ends in `?` may be missing. */
export type Parts<Pattern extends string> = {
  readonly [Name in Exclude<Names<Pattern>, `${string}?`>]: string
} & { readonly [Name in Optional<Names<Pattern>>]?: string }

/** What may stand in the query of an address; what is undefined or '' is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>

/** The parts of `path`, decoded, or undefined when it is not of this pattern. */
export function match<Pattern extends string>(pattern: Pattern, path: string): Parts<Pattern> | undefined {
  const wanted = pattern.split('/').filter((part) => part !== '')
  const given = path.split('/').filter((part) => part !== '')
  if (given.length > wanted.length) return undefined
  const parts: Record<string, string> = {}
  for (const [index, want] of wanted.entries()) {
    const part = given[index]
    if (part === undefined) {
      if (!want.endsWith('?')) return undefined
    } else if (want.startsWith(':')) {
      const decoded = decode(part)
      if (decoded === undefined) return undefined
      parts[want.slice(1).replace('?', '')] = decoded
    } else if (want !== part) return undefined
  }
  return parts as Parts<Pattern>
}

/** The address of a page. */
export function href<Pattern extends string>(pattern: Pattern, parts: Parts<Pattern>, query: Query = {}): string {
  const given: Readonly<Record<string, string | undefined>> = parts
  const path = pattern
    .split('/')
    .flatMap((part) => {
      if (!part.startsWith(':')) return [part]
      const value = given[part.slice(1).replace('?', '')]
      return value === undefined ? [] : [encodeURIComponent(value)]
    })
    .join('/')
  return path + searchOf(query)
}

export function searchOf(query: Query): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') search.set(name, `${value}`)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) return undefined // a `%` that begins no character: no page has that name
    throw error
  }
}
