// Makes protocol/testdata/kafka-fields.json: which fields Apache Kafka's messages have at which versions, as facts to check our schemas
// against. Run with the folder of Kafka's own definitions (clients/src/main/resources/common/message of its sources):
//
//   node test/recording/make-kafka-fields.ts FOLDER
//
// A field is a line: its depth, name, type, versions, and where there is one, nullable=, tag= and default=.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apis } from '@castellan/protocol'

interface Definition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly default?: unknown
  readonly fields?: readonly Definition[]
}
interface Message {
  readonly fields: readonly Definition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly Definition[] }[]
  readonly flexibleVersions: string
}

const camelCase = (name: string) => `${name[0]!.toLowerCase()}${name.slice(1)}`

function lines(message: Message, fields: readonly Definition[], depth: number): string[] {
  return fields.flatMap((field) => {
    const struct = field.type.replace('[]', '')
    const isStruct = /^[A-Z]/.test(struct)
    const inner = field.fields ?? message.commonStructs?.find(({ name }) => name === struct)?.fields ?? []
    const line = [
      depth,
      camelCase(field.name),
      isStruct ? field.type.replace(struct, 'struct') : field.type,
      field.versions,
    ]
    if (field.nullableVersions) line.push(`nullable=${field.nullableVersions}`)
    if (field.tag !== undefined) line.push(`tag=${field.tag}`)
    if (field.default !== undefined) line.push(`default=${field.default}`)
    return [line.join(' '), ...lines(message, inner, depth + 1)]
  })
}

const folder = process.argv[2]
if (folder === undefined) throw new Error('say which folder has the definitions')
const facts: Record<string, { flexible: string; fields: string[] }> = {}
for (const api of apis.values()) {
  for (const side of ['Request', 'Response']) {
    const text = readFileSync(join(folder, `${api.name}${side}.json`), 'utf8')
    const message = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as Message
    facts[`${api.name} ${side.toLowerCase()}`] = {
      flexible: message.flexibleVersions,
      fields: lines(message, message.fields, 0),
    }
  }
}
writeFileSync(
  new URL('../../protocol/testdata/kafka-fields.json', import.meta.url),
  `${JSON.stringify(facts, null, 1)}\n`,
)
