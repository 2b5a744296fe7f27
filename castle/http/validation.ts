// Requests are checked by the same compiler as heartbeats. What is unknown is refused by name rather than dropped, so that
// nobody believes in a setting that this version does not honour.

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { CastleError } from '../errors.ts'

/** Names come from the request: whoever sends long ones is not sent all of them back. */
const messageMax = 2_000

type Problem = ReturnType<ReturnType<typeof Compile>['Errors']>[1][number]

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  // Told in OpenAPI; those that we honour are read by routes.ts, and there are always others.
  if (httpPart === 'headers') return (value: unknown) => ({ value })
  const compiled = Compile(schema)
  const where = httpPart === 'querystring' ? 'query' : httpPart === 'params' ? 'path' : 'body'
  return (given: unknown) => {
    // Query and path are texts; a body says what it means.
    const value = httpPart === 'body' ? given : fromTexts(schema, given)
    if (compiled.Check(value)) return { value }
    return { error: new CastleError('REQUEST_WRONG', describe(where, compiled.Errors(value)[1])) }
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

function describe(where: string, problems: readonly Problem[]): string {
  const unknown = problems.find(({ keyword }) => keyword === 'additionalProperties')
  const misnamed = problems.find(({ keyword }) => keyword === 'propertyNames')
  const problem = unknown ?? misnamed ?? problems[0]
  if (problem === undefined) return `the ${where} is not as described`
  const path = problem.instancePath.slice(1).replaceAll('/', '.')
  const at = path === '' ? `the ${where}` : `'${path}' in the ${where}`
  if (problem.keyword === 'additionalProperties') {
    const names = problem.params.additionalProperties.map(quoted).join(', ').slice(0, messageMax)
    return `${at.slice(0, messageMax)} has ${names}, which this version does not honour`
  }
  if (problem.keyword === 'propertyNames') {
    const names = problem.params.propertyNames.map(quoted).join(', ')
    return `${at} has names that are empty or too long: ${names}`.slice(0, messageMax)
  }
  return `${at} ${problem.message}`.slice(0, messageMax)
}

function quoted(name: string): string {
  return `'${name.slice(0, 300)}'`
}
