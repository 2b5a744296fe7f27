// Castle dies under an open page: the page says so, keeps what it last heard, dated, and goes on by itself when Castle is back.
import { expect } from 'vitest'
import { type Stage, textsOf } from './stage.ts'

export async function castleAway(stage: Stage): Promise<void> {
  const { topic } = textsOf('en')
  await stage.call('POST', '/api/topics', { name: 'seen-before' })
  const page = await stage.open('/topics')
  await page.locator('.pill[data-state="live"]').waitFor()
  await page.getByRole('link', { name: 'seen-before' }).waitFor()
  await stage.platform.kill('castle')
  await page.locator('.pill[data-state="away"]').waitFor()
  await page.locator('.away').waitFor()
  await page.locator('[data-state="old"]').waitFor()
  expect(await page.getByRole('link', { name: 'seen-before' }).isVisible()).toBe(true)

  // A page that was never loaded can be gone to, and comes when Castle does.
  await page.getByRole('link', { name: 'seen-before' }).click()
  await stage.platform.restart('castle')
  await page.getByRole('button', { name: topic.ackChange(1) }).waitFor()
  await page.locator('.pill[data-state="live"]').waitFor()
  expect(await page.locator('.away').count()).toBe(0)
}
