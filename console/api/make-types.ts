// Writes types.ts anew from a running Castle: `node console/api/make-types.ts http://127.0.0.1:8600`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OpenApi, typesOf } from './openapi.ts'

const [castle = 'http://127.0.0.1:8600'] = process.argv.slice(2)
const document = (await (await fetch(`${castle}/api/openapi.json`)).json()) as OpenApi
writeFileSync(join(import.meta.dirname, 'types.ts'), typesOf(document))
