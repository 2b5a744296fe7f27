// The console in a real Chromium, on real processes: what people do with it most. The rest is in console.long.test.ts.
import { changeAckLevel } from './ack-level.ts'
import { createTopic } from './create-topic.ts'
import { firstMessage, followLive } from './first-message.ts'
import { groupAndClient } from './group.ts'
import { useStage } from './on-stage.ts'

const { test, onStage } = useStage()

test('the overview of a new platform leads to a first message, which has an address', onStage(firstMessage))
test(
  'flow 1: a topic is created, ready, and still there after kill -9 of Castle',
  onStage((on) => createTopic(on, 'en')),
)
test(
  'flow 2 in Chinese: an ack level is changed, and clients follow at once',
  onStage((on) => changeAckLevel(on, 'zh-CN')),
)
test('messages are seen as they come, and looked for', onStage(followLive))
test('a group keeps up, its client obeys, and what is stuck is said first', onStage(groupAndClient))
