// Which field a caller forgot: encoders check values, not names, to stay fast, so it is looked for afterwards.
import type { AnyField, Fields } from './types.ts'

/** The path of the first field that is left out or null and must not be at this version; undefined: none is. */
export function missingField(fields: Fields, value: unknown, version: number, path = ''): string | undefined {
  for (const [name, field] of Object.entries(fields)) {
    const { since, until, optional } = field.shape
    if (version < since || version > until) continue
    const inner = (value as Record<string, unknown>)[name]
    if (inner === undefined && optional) continue
    const missing = missingIn(field, inner, version, `${path}${name}`)
    if (missing !== undefined) return missing
  }
  return undefined
}

function missingIn(field: AnyField, value: unknown, version: number, path: string): string | undefined {
  const { nullableSince, tag, element, fields } = field.shape
  if (value === undefined) return path
  if (value === null) return version >= nullableSince || tag !== null ? undefined : path
  if (element !== null) {
    for (const [i, each] of (value as unknown[]).entries()) {
      const missing = missingIn(element, each, version, `${path}[${i}]`)
      if (missing !== undefined) return missing
    }
    return undefined
  }
  return fields === null ? undefined : missingField(fields, value, version, `${path}.`)
}
