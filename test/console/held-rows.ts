// Rows keep their places under the pointer: what is new waits to be asked for.
import { expect } from 'vitest'
import { type Stage, textsOf } from './stage.ts'

export async function heldRows(stage: Stage): Promise<void> {
  const { grid } = textsOf('en')
  await stage.call('POST', '/api/topics', { name: 'held-5' })
  const page = await stage.open('/topics?q=held')
  const held = page.locator('[data-key="default/held-5"]')
  await held.hover()
  const placeBefore = await held.getAttribute('aria-rowindex')
  for (const name of ['held-1', 'held-2']) await stage.call('POST', '/api/topics', { name })
  const fresh = page.getByRole('button', { name: grid.fresh(2) })
  await fresh.waitFor()
  expect(await held.getAttribute('aria-rowindex')).toBe(placeBefore)
  await fresh.click()
  await page.locator('[data-key="default/held-5"][aria-rowindex="4"]').waitFor()
  expect(placeBefore).toBe('2')
}
