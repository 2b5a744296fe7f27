// Machines do what chaos relies on: a cut loses what is sent, in one direction or both, and ends nothing; and nothing of them stays.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Machines, machinesMissing, named } from './machines.ts'
import { TestProcess } from './process.ts'
import { waitFor } from './wait.ts'

/** Answers each byte with itself, and says what it got. */
const echo = `import { createServer } from 'node:net'
createServer((socket) => socket.on('data', (data) => { process.stdout.write(data); socket.write(data) })).listen(7007)
process.send({ type: 'ready' })
`

const missing = machinesMissing()

test.skipIf(missing !== undefined)(
  named('ways are cut and healed; a small disk is seen there alone', missing),
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-machines-'))
    writeFileSync(join(folder, 'echo.mjs'), echo)
    const machines = await Machines.start(['a', 'b'])
    const { within, address } = machines.machine('a')
    const server = new TestProcess('echo', join(folder, 'echo.mjs'), [], { within })
    try {
      await waitFor('the server', () => server.hasSaid('ready'))
      const socket = connect(7007, address)
      let answered = ''
      socket.on('data', (data) => {
        answered += data.toString()
      })
      socket.write('1')
      await waitFor('an answer', () => answered === '1')

      machines.cut('a', 'here') // it hears, and its answers are lost
      socket.write('2')
      await waitFor('it to hear', () => server.stdout === '12')
      expect(answered).toBe('1')
      machines.isolate('a')
      socket.write('3')
      machines.heal('a', 'here')
      await waitFor('the answer that was lost', () => answered === '12')
      expect(server.stdout).toBe('12')
      machines.healAll()
      await waitFor('the rest', () => answered === '123')
      socket.destroy()

      machines.mountSmall('b', folder, 1)
      machines.append('b', join(folder, 'file'), new Uint8Array(1000))
      expect(() => machines.append('b', join(folder, 'file'), new Uint8Array(2 << 20))).toThrow('ENOSPC')
      expect(existsSync(machines.seen('b', join(folder, 'file')))).toBe(true)
      expect(existsSync(join(folder, 'file'))).toBe(false)
    } finally {
      await server.kill()
      machines.stop()
      rmSync(folder, { recursive: true })
    }
    const links = () => execFileSync('ip', ['link'], { encoding: 'utf8', stdio: 'pipe' })
    await waitFor('the links to be gone', () => !links().includes(`ct${process.pid}-`))
  },
)
