// The console in a real Chromium, on real processes: each flow in the other language, what happens while brokers and Castle die, and what
// pages keep.
import { changeAckLevel, previewAnew } from './ack-level.ts'
import { castleAway } from './castle-away.ts'
import { createTopic } from './create-topic.ts'
import { heldRows } from './held-rows.ts'
import { useStage } from './on-stage.ts'
import { addPartitions, replicasLive } from './replicas.ts'
import { switchLanguage } from './switch-language.ts'

const { test, onStage } = useStage()

test(
  'flow 1 in Chinese: a topic is created, ready, and still there after kill -9 of Castle',
  onStage((on) => createTopic(on, 'zh-CN')),
)
test(
  'flow 2: an ack level is changed, and clients follow at once',
  onStage((on) => changeAckLevel(on, 'en')),
)
test(
  'a broker dies: the page says what lacks a replica and why, and that all is well again',
  onStage((on) => replicasLive(on, 'en')),
)
test(
  'a topic gets more partitions',
  onStage((on) => addPartitions(on, 'zh-CN')),
)
test('rows keep their places under the pointer', onStage(heldRows))
test('another language keeps the address and a half-filled form', onStage(switchLanguage))
test('a plan that is out of date is shown anew, and nothing is done', onStage(previewAnew))
test('Castle away: the page says so, keeps what it had, and recovers by itself', onStage(castleAway))
