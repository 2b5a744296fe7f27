// Services that use the packed SDK: the one of the README, and a strict one for type checks.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../processes/index.ts'
import type { Installed } from './installed.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** How the README makes its topic: words for the command line. */
export function topicCommand(): string[] {
  const [, command = ''] = /npm run castellan -- (topic create .*)/.exec(readme) ?? []
  return command.split(' ')
}

/** The README's first producer and consumer, as `name`: a service and group of its own. */
export function tenLines(name: string, castle: string): string {
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  return code.replace('http://127.0.0.1:8600', castle).replaceAll("'billing'", `'billing-${name}'`)
}

/** The same without `import` and without a top-level await. */
export function tenLinesCommonJs(name: string, castle: string): string {
  const code = tenLines(name, castle).replace(/^import (\{.*\}) from ('.*')$/gm, 'const $1 = require($2)')
  return `async function main() {\n${code}\n}\nmain()\n`
}

/** What a service does with types: handlers, errors, a serde, the plain client. */
const strictService = `
import { type CastellanError, connect, type Handler, type Serde, serdes, topic, Message } from '@castellan/sdk'
import { Admin, KafkaClient, nodeRuntime, silentLogger } from '@castellan/sdk/kafka'
export const orders = topic('orders', { value: serdes.json<{ id: number }>() })
export const handler: Handler = (message, { signal, attempt }) => {
  const one: Message = message
  return attempt > 1 && signal.aborted ? undefined : one.offset
}
export async function main(): Promise<void> {
  const castellan = await connect({ castle: 'http://127.0.0.1:8600', service: 'billing' })
  const { offset } = await castellan.producer().send({ topic: 'orders', value: null })
  const twice: number = offset * 2
  // @ts-expect-error: nobody makes a client but connect
  new Castellan()
  // @ts-expect-error: there is no such option
  castellan.producer({ lingering: twice })
  const client = new KafkaClient(nodeRuntime(), { bootstrap: [], clientId: 'me' }, silentLogger)
  await new Admin(client).createTopic({ name: 'orders' })
}
export const own: Serde<Date> = {
  serialize: (value) => value.toISOString(),
  deserialize: (bytes) => new Date(new TextDecoder().decode(bytes ?? new Uint8Array())),
}
export const codeOf = (error: CastellanError): string => error.code
`

/** What a compiler says of such services; '' when it finds nothing. `files`: their names, which say what kind of module they are. */
export function typeCheck(sdk: Installed, tsc: string, options: Record<string, unknown>, files: string[]): string {
  const written = files.flatMap((file) => [
    sdk.write(file, strictService),
    // CommonJS has no top-level await.
    ...(file.endsWith('.cts') ? [] : [sdk.write(`first-${file}`, tenLines('types', 'http://127.0.0.1:8600'))]),
  ])
  const strict = { noEmit: true, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, target: 'es2022' }
  const config = sdk.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...strict, ...options }, files: written }),
  )
  try {
    return execFileSync(tsc, ['-p', config], { encoding: 'utf8' })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
