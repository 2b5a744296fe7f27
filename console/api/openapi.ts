// TypeScript from Castle's OpenAPI document: the shapes of its answers, so that console and Castle cannot drift apart. A test holds
// types.ts to what a running Castle describes; `n24 console/api/make-types.ts URL` writes it anew.

interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
}

interface Operation {
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>>
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Which answer has which name: `method path status`, then `[]` for the items of a list, `|1` for the second alternative. */
const names: readonly (readonly [name: string, answer: string])[] = [
  ['HealthView', 'get /api/health 200'],
  ['ClusterView', 'get /api/clusters 200 []'],
  ['BrokerView', 'get /api/brokers 200 []'],
  ['TopicSummary', 'get /api/topics 200 []'],
  ['TopicView', 'get /api/topics/{name} 200'],
  ['TopicOffsets', 'get /api/topics/{name}/offsets 200'],
  ['TopicClient', 'get /api/topics/{name}/clients 200 []'],
  ['TopicSetting', 'get /api/topic-settings 200 []'],
  ['CreationPlan', 'post /api/topics 200'],
  ['ChangePlan', 'patch /api/topics/{name} 200 |1'],
  ['DeletionPlan', 'delete /api/topics/{name} 200'],
  ['ReassignmentPlan', 'post /api/topics/{name}/reassignment 200 |1'],
  ['ElectionPlan', 'post /api/topics/{name}/election 200 |1'],
  ['GiveUpPlan', 'post /api/brokers/{id}/give-up 200 |1'],
  ['GroupSummary', 'get /api/groups 200 []'],
  ['GroupView', 'get /api/groups/{group} 200'],
  ['ClientSummary', 'get /api/clients 200 []'],
  ['ClientView', 'get /api/clients/{id} 200'],
  ['DecisionView', 'get /api/decisions 200 []'],
  ['ProblemView', 'get /api/problems 200 []'],
  ['MessagesPage', 'get /api/topics/{name}/messages 200'],
  ['WrittenMessage', 'post /api/topics/{name}/messages 201'],
]

/** The text of types.ts. Throws when the document lacks one of the answers. */
export function typesOf(document: OpenApi): string {
  const types = names.map(([name, answer]) => `export type ${name} = ${write(schemaOf(document, answer), '')}\n`)
  return `// What Castle answers. Made by make-types.ts from its OpenAPI document: do not edit.\n\n${types.join('\n')}`
}

function schemaOf(document: OpenApi, answer: string): Schema {
  const [method = '', path = '', status = '', part] = answer.split(' ')
  const schema = document.paths[path]?.[method]?.responses[status]?.content?.['application/json']?.schema
  const found = partOf(schema, part)
  if (found === undefined) throw new Error(`Castle describes no answer '${answer}'`)
  return found
}

function partOf(schema: Schema | undefined, part: string | undefined): Schema | undefined {
  if (part === undefined) return schema
  return part === '[]' ? schema?.properties?.['items']?.items : schema?.anyOf?.[Number(part.slice(1))]
}

function write(schema: Schema, indent: string): string {
  if ('const' in schema) return literal(schema.const)
  if (schema.enum !== undefined) return write({ anyOf: schema.enum.map((value) => ({ const: value })) }, indent)
  if (schema.anyOf !== undefined) return writeUnion(schema.anyOf, indent)
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'null':
      return schema.type
    case 'integer':
      return 'number'
    case 'array':
      return `readonly ${grouped(write(schema.items ?? {}, indent))}[]`
    case 'object':
      return writeObject(schema, indent)
    default:
      return 'unknown'
  }
}

/** What is left of a line of 120 for a union, after the name of its property. */
const unionCharactersMax = 90

/** As the formatter has it: several objects, and what is too long for a line, stand below each other. */
function writeUnion(alternatives: readonly Schema[], indent: string): string {
  const line = alternatives.map((each) => write(each, indent)).join(' | ')
  const areObjects = alternatives.filter(({ properties }) => properties !== undefined).length > 1
  if (!areObjects && (line.includes('{') || line.length <= unionCharactersMax)) return line
  return alternatives.map((each) => `\n${indent}  | ${write(each, `${indent}    `)}`).join('')
}

function writeObject(
  { properties, required = [], patternProperties, additionalProperties }: Schema,
  indent: string,
): string {
  if (properties === undefined) {
    const extra = typeof additionalProperties === 'object' ? additionalProperties : undefined
    const value = Object.values(patternProperties ?? {})[0] ?? extra
    return `Readonly<Record<string, ${value === undefined ? 'unknown' : write(value, indent)}>>`
  }
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, value]) => {
    const type = write(value, inner)
    return `${inner}readonly ${name}${required.includes(name) ? '' : '?'}:${type.startsWith('\n') ? '' : ' '}${type}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
}

function grouped(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type
}
