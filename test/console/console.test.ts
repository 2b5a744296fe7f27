// The console in a real Chromium, on real processes: what people do with it, in each language. One browser and one platform for all,
// for they take longest to start; each case makes what it needs under a name of its own.
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { missingTools, needing } from '../processes/index.ts'
import { changeAckLevel, previewAnew } from './ack-level.ts'
import { castleAway } from './castle-away.ts'
import { createTopic } from './create-topic.ts'
import { firstMessage, followLive } from './first-message.ts'
import { groupAndClient } from './group.ts'
import { heldRows } from './held-rows.ts'
import { addPartitions, replicasLive } from './replicas.ts'
import { languages, Stage } from './stage.ts'
import { switchLanguage } from './switch-language.ts'

const test = needing('Chromium')
let stage: Stage | undefined
const onStage = (run: (stage: Stage) => Promise<void>) => () => run(stage as Stage)

beforeAll(async () => {
  // Where there is no Chromium every test is skipped, and nothing has to start.
  if (missingTools().includes('Chromium')) return
  stage = await Stage.start()
})

afterEach(async () => {
  await stage?.closePages()
  expect(stage?.errors.splice(0) ?? []).toEqual([])
})

afterAll(() => stage?.stop())

test('the overview of a new platform leads to a first message, which has an address', onStage(firstMessage))

describe.each(languages)('in %s', (language) => {
  test(
    'flow 1: a topic is created, ready, and still there after kill -9 of Castle',
    onStage((on) => createTopic(on, language)),
  )
  test(
    'flow 2: an ack level is changed, and clients follow at once',
    onStage((on) => changeAckLevel(on, language)),
  )
})

test('messages are seen as they come, and looked for', onStage(followLive))
test('a group keeps up, its client obeys, and what is stuck is said first', onStage(groupAndClient))
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
