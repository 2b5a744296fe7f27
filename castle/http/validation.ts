// Requests are checked by the same compiler as heartbeats. What is unknown is refused by name rather than dropped, so that
// nobody believes in a setting that this version does not honour.

import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { CastleError } from '../errors.ts'

/** Names come from the request: whoever sends long ones is not sent all of them back. */
const messageMax = 2_000

type Problem = ReturnType<ReturnType<typeof Compile>['Errors']>[number]

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  const where = httpPart === 'querystring' ? 'query' : httpPart === 'params' ? 'path' : 'body'
  return (given: unknown) => {
    // Query and path are texts; a body says what it means.
    const value = httpPart === 'body' ? given : compiled.Convert(given)
    if (compiled.Check(value)) return { value }
    return { error: new CastleError('REQUEST_WRONG', describe(where, compiled.Errors(value))) }
  }
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
