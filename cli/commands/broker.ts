// `castellan broker`: one broker process, as in production. Its settings are the table of broker/config.ts.
import { brokerSettings, parseBrokerConfig, startBroker } from '@castellan/broker'
import type { Command } from '../command.ts'
import { serve, serviceOptions } from '../service.ts'
import { collectSettings, settingOptions } from '../settings.ts'

const prefix = 'CASTELLAN_BROKER_'

export const broker: Command = {
  name: 'broker',
  summary: 'Runs one broker until SIGTERM or Ctrl-C.',
  options: [...serviceOptions, ...settingOptions(brokerSettings)],
  more: `Each setting may also stand in the --config file under its name, or in the environment: ${prefix}NODE_ID is node.id.`,
  async run(input) {
    await serve('broker', input, async (log, giveUp) => {
      const config = parseBrokerConfig(collectSettings(brokerSettings, input, prefix))
      const started = await startBroker(config, log.child({ broker: config.brokerId }), { onReplaced: giveUp })
      const { host, port } = started.address
      return { ready: { address: `${host}:${port}` }, stop: () => started.stop() }
    })
  },
}
