// `castellan castle`: one Castle process, as in production. Its settings are the table of castle/config.ts.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { castleSettings, parseCastleConfig, startCastle } from '@castellan/castle'
import type { Command } from '../command.ts'
import { serve, serviceSettings } from '../service.ts'
import { type ProcessSettings, settingHelp, settingOptions } from '../settings.ts'

/** Where `npm start` and the container image build it; empty: it was not. */
function builtConsole(): string {
  const folder = join(import.meta.dirname, '..', '..', 'console', 'dist')
  return existsSync(join(folder, 'index.html')) ? folder : ''
}

export const castleProcess: ProcessSettings = {
  name: 'castle',
  prefix: 'CASTELLAN_CASTLE_',
  table: { ...castleSettings, ...serviceSettings },
}

export const castle: Command = {
  name: 'castle',
  summary: 'Runs one Castle until SIGTERM or Ctrl-C.',
  options: settingOptions(castleProcess),
  examples: [
    {
      words: 'castle --data.dir /var/lib/castellan',
      doc: 'on 127.0.0.1:8600',
      notRun: 'it runs until it is told to stop',
    },
    {
      words: 'castle --config /etc/castellan/castle.properties --log.level warn',
      doc: 'from a file, but quieter',
      notRun: 'it runs until it is told to stop',
    },
  ],
  more: `${settingHelp(castleProcess)}\nWithout console.dir the console that was built beside this command is served, where there is one.`,
  async run(input) {
    await serve(castleProcess, input, async (texts, log, giveUp) => {
      const config = parseCastleConfig({ 'console.dir': builtConsole(), ...texts })
      const started = await startCastle(config, log, (error) => giveUp(error.message))
      return { ready: { url: started.url }, stop: () => started.stop() }
    })
    return 'done'
  },
}
