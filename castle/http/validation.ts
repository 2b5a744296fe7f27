// Requests are checked as heartbeats are, by Ajv; its check of a route is made at the first request. What is unknown is refused by name
// rather than dropped, so that nobody believes in a setting that this version does not honour.
import { compileSchema, type Problem } from '@castellan/protocol/json-schema'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { CastleError } from '../errors.ts'

/** Names come from the request: whoever sends long ones is not sent all of them back. */
const messageMax = 2_000

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Told in OpenAPI; those that we honour are read by routes.ts, and there are always others.
  if (httpPart === 'headers') return (value: unknown) => ({ value })
  const problemIn = compileSchema(schema)
  const where = httpPart === 'querystring' ? 'query' : httpPart === 'params' ? 'path' : 'body'
  return (given: unknown) => {
    // Query and path are texts; a body says what it means.
    const value = httpPart === 'body' ? given : fromTexts(schema, given)
    const problem = problemIn(value)
    return problem === undefined ? { value } : { error: new CastleError('REQUEST_WRONG', describe(where, problem)) }
  }
}

/** The numbers and switches among the texts of a query or path; what is none stays a text, and is refused as such. */
function fromTexts(schema: TSchema, given: unknown): unknown {
  const properties = (schema as { properties?: Record<string, { type?: string }> }).properties ?? {}
  const texts = Object.entries(given as Record<string, unknown>)
  return Object.fromEntries(texts.map(([name, text]) => [name, fromText(properties[name]?.type, text)]))
}

function fromText(type: string | undefined, text: unknown): unknown {
  if (typeof text !== 'string') return text
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function describe(where: string, { path, keyword, message, names = [] }: Problem): string {
  const inside = path.slice(1).replaceAll('/', '.')
  const at = inside === '' ? `the ${where}` : `'${inside}' in the ${where}`
  const quotedNames = () => names.map(quoted).join(', ').slice(0, messageMax)
  if (keyword === 'additionalProperties')
    return `${at.slice(0, messageMax)} has ${quotedNames()}, which this version does not honour`
  if (keyword === 'propertyNames')
    return `${at} has names that are empty or too long: ${quotedNames()}`.slice(0, messageMax)
  return `${at} ${message}`.slice(0, messageMax)
}

function quoted(name: string): string {
  return `'${name.slice(0, 300)}'`
}
