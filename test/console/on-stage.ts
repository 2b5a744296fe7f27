// What every file of console tests begins with: one browser and one platform for all its tests, for they take longest to start; each
// case makes what it needs under a name of its own. What goes wrong in a page without anybody catching it fails the test.
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { missingTools, needing } from '../processes/index.ts'
import { Stage } from './stage.ts'

/** `test`, skipped by name where there is no Chromium, and the stage to give to it. */
export function useStage() {
  let stage: Stage | undefined

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

  const onStage = (run: (stage: Stage) => Promise<void>) => () => run(stage as Stage)
  return { test: needing('Chromium'), onStage }
}
