// `castellan broker`: one broker process, as in production. Its settings are the table of broker/config.ts.
import { brokerSettings, parseBrokerConfig, type RecoveryProgress, startBroker } from '@castellan/broker'
import type { Command } from '../command.ts'
import { bytesText, countText } from '../output/units.ts'
import { serve, serviceSettings } from '../service.ts'
import { type ProcessSettings, settingHelp, settingOptions } from '../settings.ts'

export const brokerProcess: ProcessSettings = {
  name: 'broker',
  prefix: 'CASTELLAN_BROKER_',
  table: { ...brokerSettings, ...serviceSettings },
}

const notRun = 'it runs until it is told to stop'
const sayEveryMs = 2_000

export const broker: Command = {
  name: 'broker',
  summary: 'Runs one broker until SIGTERM or Ctrl-C: then others take over what it leads; a second one hurries.',
  options: settingOptions(brokerProcess),
  examples: [
    {
      words: 'broker --node.id 1 --castle http://127.0.0.1:8600 --log.dir /var/lib/castellan/broker-1',
      doc: 'on 127.0.0.1:9092',
      notRun,
    },
    {
      words:
        'broker --node.id 2 --castle http://castle:8600 --log.dir /data --listen 0.0.0.0:9092 --advertise kafka-2.example:9092 --insecure true',
      doc: 'for other machines, which reach it by another name',
      notRun,
    },
  ],
  more: settingHelp(brokerProcess),
  async run(input) {
    await serve(brokerProcess, input, async (texts, log, giveUp, say) => {
      const config = parseBrokerConfig(texts)
      let timer: NodeJS.Timeout | undefined
      const onRecovery = (progress: () => RecoveryProgress) => {
        timer = setInterval(() => say(recoveryText(progress())), sayEveryMs)
      }
      const options = { onReplaced: giveUp, onRecovery }
      const started = await startBroker(config, log.child({ broker: config.brokerId }), options).finally(() =>
        clearInterval(timer),
      )
      const { host, port } = started.address
      return {
        ready: { address: `${host}:${port}` },
        registered: started.registered,
        stopWaitMs: config.controlledShutdownMaxMs,
        stop: () => started.stop(),
        hurry: () => started.hurry(),
      }
    })
    return 'done'
  },
}

function recoveryText({ logs, opened, bytesToCheck, bytesChecked }: RecoveryProgress): string {
  return `recovers its logs: ${countText(opened)} of ${countText(logs)}, ${bytesText(bytesChecked)} of ${bytesText(bytesToCheck)} checked`
}
