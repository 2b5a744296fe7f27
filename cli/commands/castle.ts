// `castellan castle`: one Castle process, as in production. Its settings are the table of castle/config.ts.
import { castleSettings, parseCastleConfig, startCastle } from '@castellan/castle'
import type { Command } from '../command.ts'
import { serve, serviceSettings } from '../service.ts'
import { type ProcessSettings, settingHelp, settingOptions } from '../settings.ts'

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
  more: settingHelp(castleProcess),
  async run(input) {
    await serve(castleProcess, input, async (texts, log, giveUp) => {
      const started = await startCastle(parseCastleConfig(texts), log, (error) => giveUp(error.message))
      return { ready: { url: started.url }, stop: () => started.stop() }
    })
    return 'done'
  },
}
