// `castellan castle`: one Castle process, as in production. Its settings are the table of castle/config.ts.
import { castleSettings, parseCastleConfig, startCastle } from '@castellan/castle'
import type { Command } from '../command.ts'
import { serve, serviceOptions } from '../service.ts'
import { collectSettings, settingOptions } from '../settings.ts'

const prefix = 'CASTELLAN_CASTLE_'

export const castle: Command = {
  name: 'castle',
  summary: 'Runs one Castle until SIGTERM or Ctrl-C.',
  options: [...serviceOptions, ...settingOptions(castleSettings)],
  more: `Each setting may also stand in the --config file under its name, or in the environment: ${prefix}LISTEN is listen.`,
  async run(input) {
    await serve('castle', input, async (log, giveUp) => {
      const config = parseCastleConfig(collectSettings(castleSettings, input, prefix))
      const started = await startCastle(config, log, (error) => giveUp(error.message))
      return { ready: { url: started.url }, stop: () => started.stop() }
    })
  },
}
