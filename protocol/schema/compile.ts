// Turns a message's fields at one version into a decoder or an encoder, by writing their JavaScript: straight-line
// code that V8 compiles as if someone had written it by hand, one object literal with all fields in one order for
// every version. An interpreter over the fields was several times slower and every call site in it megamorphic.
//
// What `read_Topics` looks like, from array({ name: string, partitions: array(int32) }) at a flexible version:
//
//   function read_Topics(r) {
//     const count = r.compactArrayLength(3)
//     const items = new Array(count)
//     for (let i = 0; i < count; i++) items[i] = read_TopicsItem(r)
//     return items
//   }
//   function read_TopicsItem(r) {
//     const $name = r.compactString()
//     const $partitions = read_TopicsItemPartitions(r)
//     r.skipTags()
//     return { name: $name, partitions: $partitions }
//   }
//
// Nothing of a message reaches this code, only the schemas of this package: names are checked all the same.
import type { Reader } from './reader.ts'
import type { AnyField, Fields, Shape } from './types.ts'
import type { Writer } from './writer.ts'

export type Decode = (reader: Reader) => unknown
export type Encode = (writer: Writer, value: unknown) => void

export interface VersionOf {
  readonly version: number
  readonly flexible: boolean
}

export function compileDecoder(fields: Fields, at: VersionOf): Decode {
  const code = new DecoderCode(at)
  const name = code.struct('Message', fields)
  return new Function(`'use strict'\n${code.source()}\nreturn ${name}`)() as Decode
}

export function compileEncoder(fields: Fields, at: VersionOf): Encode {
  const code = new EncoderCode(at)
  const name = code.struct('Message', fields)
  return new Function(`'use strict'\n${code.source()}\nreturn ${name}`)() as Encode
}

export function isThere(shape: Shape, version: number): boolean {
  return version >= shape.since && version <= shape.until
}

/** The fewest bytes that a field takes: what bounds an array's count by the bytes that are left. */
export function leastBytes(field: AnyField, at: VersionOf): number {
  const shape = field.shape
  switch (shape.type) {
    case 'boolean':
    case 'int8':
      return 1
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
    case 'uint32':
      return 4
    case 'int64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    case 'string':
      return at.flexible ? 1 : 2
    case 'bytes':
    case 'records':
    case 'array':
      return at.flexible ? 1 : 4
    case 'struct':
      return isNullable(shape, at) ? 1 : leastStructBytes(fieldsOf(shape), at)
  }
}

function leastStructBytes(fields: Fields, at: VersionOf): number {
  let total = at.flexible ? 1 : 0
  for (const field of Object.values(fields)) {
    if (field.shape.tag === null && isThere(field.shape, at.version)) total += leastBytes(field, at)
  }
  return total
}

interface Named {
  readonly name: string
  readonly shape: Shape
  readonly field: AnyField
}

/** What decoders and encoders share: which fields are there, and the functions written so far. */
class Code {
  readonly at: VersionOf
  readonly #functions: string[] = []
  readonly #names = new Set<string>()

  constructor(at: VersionOf) {
    this.at = at
  }

  source(): string {
    return this.#functions.join('\n')
  }

  protected addFunction(name: string, parameters: string, body: readonly string[]): string {
    let unique = name
    while (this.#names.has(unique)) unique += '_'
    this.#names.add(unique)
    this.#functions.push(`function ${unique}(${parameters}) {\n${body.map((line) => `  ${line}`).join('\n')}\n}`)
    return unique
  }

  /** The fields at this version: untagged in wire order, tagged by their tags, and those that it lacks. */
  protected sort(fields: Fields): { all: Named[]; untagged: Named[]; tagged: Named[] } {
    const all = Object.entries(fields).map(([name, field]) => ({ name, shape: field.shape, field }))
    for (const { name, shape } of all) {
      if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw new Error(`a field cannot be named ${name}`)
      if (shape.tag !== null && holdsBytes(shape)) throw new Error(`${name}: byte fields cannot be tagged`)
    }
    const there = all.filter(({ shape }) => isThere(shape, this.at.version))
    const tagged = there.filter(({ shape }) => shape.tag !== null)
    if (tagged.length > 0 && !this.at.flexible)
      throw new Error(`${tagged[0]!.name} is tagged before the flexible versions`)
    return {
      all,
      untagged: there.filter(({ shape }) => shape.tag === null),
      tagged: tagged.sort((a, b) => a.shape.tag! - b.shape.tag!),
    }
  }

  /** The method of Reader and Writer for a string, array or byte field at this version. */
  protected variant(shape: Shape, what: string): string {
    const prefix = this.at.flexible
      ? isNullable(shape, this.at)
        ? 'compactNullable'
        : 'compact'
      : isNullable(shape, this.at)
        ? 'nullable'
        : ''
    return prefix === '' ? what : `${prefix}${what[0]!.toUpperCase()}${what.slice(1)}`
  }
}

class DecoderCode extends Code {
  struct(name: string, fields: Fields): string {
    const { all, untagged, tagged } = this.sort(fields)
    const body: string[] = []
    for (const { name: key, field } of untagged)
      body.push(`const $${key} = ${this.#read(`${name}${capital(key)}`, field)}`)
    if (tagged.length > 0) body.push(...this.#tags(name, tagged))
    else if (this.at.flexible) body.push('r.skipTags()')
    const there = new Set([...untagged, ...tagged].map((each) => each.name))
    const members = all.map(({ name: key, shape }) => `${key}: ${there.has(key) ? `$${key}` : literal(shape)}`)
    body.push(`return { ${members.join(', ')} }`)
    return this.addFunction(`read_${name}`, 'r', body)
  }

  #tags(name: string, tagged: readonly Named[]): string[] {
    const cases = tagged.map(
      ({ name: key, shape, field }) =>
        `      case ${shape.tag}: $${key} = ${this.#read(`${name}${capital(key)}`, field)}; break`,
    )
    return [
      ...tagged.map(({ name: key, shape }) => `let $${key} = ${literal(shape)}`),
      'for (let left = r.tagCount(), tag = -1; left > 0; left--) {',
      '  tag = r.tagAfter(tag)',
      '  const end = r.enterTag()',
      '  switch (tag) {',
      ...cases,
      '      default: r.skipRest()',
      '  }',
      '  r.leaveTag(end)',
      '}',
    ]
  }

  /** An expression that reads the field. */
  #read(name: string, field: AnyField): string {
    const shape = field.shape
    switch (shape.type) {
      case 'string':
        return `r.${this.variant(shape, 'string')}()`
      case 'bytes':
      case 'records': {
        const method = this.variant(shape, 'bytes')
        return `r.${method === 'bytes' ? 'bytesField' : method}()`
      }
      case 'array':
        return `${this.#array(name, shape)}(r)`
      case 'struct': {
        const read = this.struct(name, fieldsOf(shape))
        return isNullable(shape, this.at) ? `r.present() ? ${read}(r) : null` : `${read}(r)`
      }
      default:
        return `r.${shape.type}()`
    }
  }

  #array(name: string, shape: Shape): string {
    const element = elementOf(shape)
    const read = this.#read(`${name}Item`, element)
    return this.addFunction(`read_${name}`, 'r', [
      `const count = r.${this.variant(shape, 'arrayLength')}(${leastBytes(element, this.at)})`,
      ...(isNullable(shape, this.at) ? ['if (count < 0) return null'] : []),
      'const items = new Array(count)',
      `for (let i = 0; i < count; i++) items[i] = ${read}`,
      'return items',
    ])
  }
}

class EncoderCode extends Code {
  struct(name: string, fields: Fields): string {
    const { untagged, tagged } = this.sort(fields)
    const body: string[] = []
    for (const { name: key, shape, field } of untagged) {
      body.push(`let $${key} = value.${key}`)
      if (shape.optional) body.push(`if ($${key} === undefined) $${key} = ${literal(shape)}`)
      body.push(this.#write(`${name}${capital(key)}`, field, `$${key}`))
    }
    if (tagged.length > 0) body.push(...this.#tags(name, tagged))
    else if (this.at.flexible) body.push('w.uvarint(0)')
    return this.addFunction(`write_${name}`, 'w, value', body)
  }

  /** Only what differs from its default goes out. */
  #tags(name: string, tagged: readonly Named[]): string[] {
    const lines = ['let count = 0']
    for (const { name: key, shape } of tagged) {
      const isDefault = Array.isArray(shape.default) ? `$${key}.length === 0` : `$${key} === ${literal(shape)}`
      lines.push(
        `const $${key} = value.${key}`,
        `const has_${key} = $${key} !== undefined && !(${isDefault})`,
        `if (has_${key}) count++`,
      )
    }
    lines.push('w.uvarint(count)')
    for (const { name: key, shape, field } of tagged) {
      lines.push(`if (has_${key}) {`, `  const started = w.startTag(${shape.tag})`)
      lines.push(`  ${this.#write(`${name}${capital(key)}`, field, `$${key}`)}`, '  w.endTag(started)', '}')
    }
    return lines
  }

  /** A statement that writes the value of an expression. */
  #write(name: string, field: AnyField, value: string): string {
    const shape = field.shape
    switch (shape.type) {
      case 'string':
        return `w.${this.variant(shape, 'string')}(${value})`
      case 'bytes': {
        const method = this.variant(shape, 'bytes')
        return `w.${method === 'bytes' ? 'bytesField' : method}(${value})`
      }
      case 'records':
        return `w.${this.at.flexible ? 'compactRecords' : 'records'}(${value})`
      case 'array':
        return `${this.#array(name, shape)}(w, ${value})`
      case 'struct': {
        const write = this.struct(name, fieldsOf(shape))
        if (!isNullable(shape, this.at)) return `${write}(w, ${value})`
        return `w.present(${value} !== null); if (${value} !== null) ${write}(w, ${value})`
      }
      default:
        return `w.${shape.type}(${value})`
    }
  }

  #array(name: string, shape: Shape): string {
    const length = this.at.flexible ? 'compactArrayLength' : 'arrayLength'
    return this.addFunction(`write_${name}`, 'w, items', [
      isNullable(shape, this.at) ? `if (items === null) return w.${length}(-1)` : 'if (items === null) w.refuseNull()',
      `w.${length}(items.length)`,
      `for (let i = 0; i < items.length; i++) { ${this.#write(`${name}Item`, elementOf(shape), 'items[i]')} }`,
    ])
  }
}

function isNullable(shape: Shape, at: VersionOf): boolean {
  return at.version >= shape.nullableSince
}

function fieldsOf(shape: Shape): Fields {
  if (shape.fields === null) throw new Error('a struct without fields')
  return shape.fields
}

function elementOf(shape: Shape): AnyField {
  if (shape.element === null) throw new Error('an array without an element')
  return shape.element
}

function holdsBytes(shape: Shape): boolean {
  if (shape.type === 'bytes' || shape.type === 'records') return true
  if (shape.element !== null) return holdsBytes(shape.element.shape)
  return Object.values(shape.fields ?? {}).some((field) => holdsBytes(field.shape))
}

function literal(shape: Shape): string {
  return JSON.stringify(shape.default)
}

function capital(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`
}
