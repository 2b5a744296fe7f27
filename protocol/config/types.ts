// The types that settings of a process have: how each is read from text, written as text, and described to people.
import type { Address } from '../runtime/index.ts'

export interface SettingType<T> {
  /** Kafka's numbers for DescribeConfigs: 1 boolean, 2 string, 3 int, 5 long, 7 list. */
  readonly kafkaType: 1 | 2 | 3 | 5 | 7
  /** What would be right, to follow "must be". */
  readonly expected: string
  /** Undefined: `text` is no such value. */
  parse(text: string): T | undefined
  format(value: T): string
}

export function integerType(min: number, max: number, unit = ''): SettingType<number> {
  return {
    kafkaType: max > 2_147_483_647 ? 5 : 3,
    expected: `a whole number${unit && ` of ${unit}`} from ${min} to ${max}`,
    parse(text) {
      if (!/^-?\d{1,16}$/.test(text)) return undefined
      const value = Number(text)
      return value >= min && value <= max ? value : undefined
    },
    format: String,
  }
}

export function booleanType(): SettingType<boolean> {
  return {
    kafkaType: 1,
    expected: 'true or false',
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
    format: String,
  }
}

/** A setting that this version honours at one value only. */
export function onlyType<T extends boolean>(only: T, why: string): SettingType<T> {
  return {
    kafkaType: 1,
    expected: `${only} (${why})`,
    parse: (text) => (text === String(only) ? only : undefined),
    format: String,
  }
}

export function stringType(maxLength: number): SettingType<string> {
  return {
    kafkaType: 2,
    expected: `a text of 1 to ${maxLength} characters`,
    parse: (text) => (text.length > 0 && text.length <= maxLength ? text : undefined),
    format: (value) => value,
  }
}

/** A path that means the same wherever the process was started. */
export function absolutePathType(): SettingType<string> {
  return {
    kafkaType: 2,
    expected: 'an absolute path',
    parse: (text) => (text.startsWith('/') && text.length <= 4_096 ? text : undefined),
    format: (value) => value,
  }
}

/** One of a few words. */
export function wordType<const T extends string>(...words: readonly T[]): SettingType<T> {
  return {
    kafkaType: 2,
    expected: `one of ${words.join(', ')}`,
    parse: (text) => words.find((word) => word === text),
    format: (value) => value,
  }
}

/** Texts that match `item`, separated by commas; at least one. */
export function listType(item: RegExp, what: string): SettingType<readonly string[]> {
  return {
    kafkaType: 7,
    expected: `${what}, separated by commas`,
    parse(text) {
      const items = text.split(',').map((part) => part.trim())
      return items.every((part) => item.test(part)) ? items : undefined
    },
    format: (value) => value.join(','),
  }
}

/** host:port, or [host]:port for IPv6. */
export function addressType(): SettingType<Address> {
  return {
    kafkaType: 2,
    expected: 'host:port, such as 127.0.0.1:9092',
    parse(text) {
      const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
      const host = match?.[1] ?? match?.[2]
      const port = Number(match?.[3])
      return host !== undefined && port <= 65_535 ? { host, port } : undefined
    },
    format: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
  }
}

/** Null stands for "not given". */
export function nullable<T>(type: SettingType<T>): SettingType<T | null> {
  return { ...type, format: (value) => (value === null ? '' : type.format(value)) }
}
