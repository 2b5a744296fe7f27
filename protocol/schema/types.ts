// The words of the message language. A message is an object of fields in wire order; each field is a type and,
// where versions differ, modifiers:
//
//   topicId: uuid.since(13),                        there from version 13
//   name: string.until(12),                         gone after version 12
//   name: string.nullableSince(12),                 may be null from version 12
//   errorMessage: nullableString.since(8),
//   throttleTimeMs: int32.since(1, 0),              what it is where a version lacks it
//   currentLeader: struct({...}).tagged(0, 10, null),   tagged field 0 from version 10 (KIP-482)
//
// A field that some version lacks, or that has a default, may be left out of what is encoded. Decoded messages
// have every field at every version. Encoding drops the fields that its version lacks.

export type Primitive =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

export type Default = string | number | boolean | null | readonly never[]

/** What the compiler needs of a field. Versions are inclusive; `Infinity` is never. */
export interface Shape {
  readonly type: Primitive | 'array' | 'struct'
  readonly element: AnyField | null // of an array
  readonly fields: Fields | null // of a struct
  readonly since: number
  readonly until: number
  readonly nullableSince: number
  readonly tag: number | null
  readonly default: Default
  /** Whether an encoded value may leave it out. */
  readonly optional: boolean
}

/** Read as `Out`, written from `In`; `Optional`: may be left out when written. */
export class Field<Out, In = Out, Optional extends boolean = false> {
  readonly shape: Shape
  /** Never there: carries the types. */
  declare readonly types: { readonly out: Out; readonly in: In; readonly optional: Optional }

  constructor(shape: Shape) {
    this.shape = shape
  }

  /** There from `version` on; before it, decoding gives `absent`. */
  since(version: number, absent?: Out): Field<Out, In, true> {
    return this.#with({ since: version, optional: true }, absent)
  }

  /** There up to and including `version`; after it, decoding gives `absent`. */
  until(version: number, absent?: Out): Field<Out, In, true> {
    return this.#with({ until: version, optional: true }, absent)
  }

  /** May be left out of what is encoded. */
  default(value: Out): Field<Out, In, true> {
    return this.#with({ optional: true }, value)
  }

  nullableSince(version: number): Field<Out | null, In | null, Optional> {
    return new Field({ ...this.shape, nullableSince: version })
  }

  /** A tagged field: written only when it differs from `absent`. */
  tagged<Absent extends Out | null>(
    tag: number,
    since: number,
    absent: Absent,
  ): Field<Out | Absent, In | Absent, true> {
    return new Field({ ...this.shape, tag, since, optional: true, default: absent as Default })
  }

  #with(change: Partial<Shape>, value: Out | undefined): Field<Out, In, true> {
    const shape = { ...this.shape, ...change }
    return new Field(value === undefined ? shape : { ...shape, default: value as Default })
  }
}

export type AnyField = Field<unknown, unknown, boolean>
export interface Fields {
  readonly [name: string]: AnyField
}

type OutOf<F extends AnyField> = F['types']['out']
type InOf<F extends AnyField> = F['types']['in']
type OptionalNames<F extends Fields> = { [K in keyof F]: F[K]['types']['optional'] extends true ? K : never }[keyof F]

/** What decoding gives for these fields. */
export type StructOut<F extends Fields> = { [K in keyof F]: OutOf<F[K]> }
/** What encoding takes for these fields. */
export type StructIn<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalNames<F>>]: InOf<F[K]> } & {
  readonly [K in OptionalNames<F>]?: InOf<F[K]> | undefined
}

const plain = {
  element: null,
  fields: null,
  since: 0,
  until: Infinity,
  nullableSince: Infinity,
  tag: null,
  optional: false,
} as const
const nullable = { ...plain, nullableSince: 0, default: null } as const

export const boolean = new Field<boolean>({ ...plain, type: 'boolean', default: false })
export const int8 = new Field<number>({ ...plain, type: 'int8', default: 0 })
export const int16 = new Field<number>({ ...plain, type: 'int16', default: 0 })
export const uint16 = new Field<number>({ ...plain, type: 'uint16', default: 0 })
export const int32 = new Field<number>({ ...plain, type: 'int32', default: 0 })
export const uint32 = new Field<number>({ ...plain, type: 'uint32', default: 0 })
/** A safe integer; `Number.MAX_SAFE_INTEGER` stands for Java's Long.MAX_VALUE, Kafka's "none" in some fields. */
export const int64 = new Field<number>({ ...plain, type: 'int64', default: 0 })
export const float64 = new Field<number>({ ...plain, type: 'float64', default: 0 })
/** Kafka's "no id". */
export const zeroUuid = '00000000-0000-0000-0000-000000000000'
/** 36 characters, lower case. */
export const uuid = new Field<string>({ ...plain, type: 'uuid', default: zeroUuid })
/** At most 32,767 bytes of UTF-8. */
export const string = new Field<string>({ ...plain, type: 'string', default: '' })
export const nullableString = new Field<string | null>({ ...nullable, type: 'string' })
/** Decoded bytes are a view of the frame: they live as long as it does. */
export const bytes = new Field<Uint8Array>({ ...plain, type: 'bytes', default: null })
export const nullableBytes = new Field<Uint8Array | null>({ ...nullable, type: 'bytes' })
/** Record batches: never opened or copied here. May be written from several pieces. */
export const records = new Field<Uint8Array | null, Uint8Array | readonly Uint8Array[] | null>({
  ...nullable,
  type: 'records',
})

/** An object within a message. */
export function struct<F extends Fields>(fields: F): Field<StructOut<F>, StructIn<F>> {
  return new Field({ ...plain, type: 'struct', fields, default: null })
}

export function nullableStruct<F extends Fields>(fields: F): Field<StructOut<F> | null, StructIn<F> | null> {
  return new Field({ ...nullable, type: 'struct', fields })
}

/** A list of fields' objects, or of one type. */
export function array<F extends Fields>(fields: F): Field<StructOut<F>[], readonly StructIn<F>[]>
export function array<Out, In>(element: Field<Out, In>): Field<Out[], readonly In[]>
export function array(element: AnyField | Fields): Field<unknown[], readonly unknown[]> {
  return new Field({ ...plain, type: 'array', element: asField(element), default: [] })
}

export function nullableArray<F extends Fields>(fields: F): Field<StructOut<F>[] | null, readonly StructIn<F>[] | null>
export function nullableArray<Out, In>(element: Field<Out, In>): Field<Out[] | null, readonly In[] | null>
export function nullableArray(element: AnyField | Fields): Field<unknown[] | null, readonly unknown[] | null> {
  return new Field({ ...nullable, type: 'array', element: asField(element) })
}

function asField(element: AnyField | Fields): AnyField {
  return element instanceof Field ? element : struct(element)
}
