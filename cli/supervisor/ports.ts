// Are the ports free? Asked before a new data folder is made, so that a refused start leaves nothing behind. A port that is
// taken a moment later is refused by the process that wants it, and one of a folder that exists as well: there, a platform that
// runs on the folder is the better explanation.
import { createServer } from 'node:net'
import { CommandError, codeOf } from '../errors.ts'

export interface Ports {
  readonly castlePort: number
  /** Of the first broker, the others follow. */
  readonly brokerPort: number
  readonly brokers: number
}

/** Throws a CommandError that names the first port that is taken. Port 0 is the system's choice, and free. */
export async function checkPorts(host: string, { castlePort, brokerPort, brokers }: Ports): Promise<void> {
  if (castlePort !== 0) await checkPort(host, castlePort, 'castle', '--castle-port')
  if (brokerPort === 0) return
  for (let i = 0; i < brokers; i++) await checkPort(host, brokerPort + i, `broker-${i + 1}`, '--broker-port')
}

async function checkPort(host: string, port: number, name: string, option: string): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, exclusive: true }, resolve)
    })
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE') return // the process itself says best what is wrong
    const what = `${name}: another process uses ${host}:${port}: stop it, or choose another with ${option} PORT.`
    throw new CommandError(what, { cause })
  } finally {
    server.close()
  }
}
