// Switching the language changes the words and nothing else: the address and a half-filled form stay.
import { expect } from 'vitest'
import { type Stage, textsOf } from './stage.ts'

export async function switchLanguage(stage: Stage): Promise<void> {
  const [english, chinese] = [textsOf('en'), textsOf('zh-CN')]
  await stage.call('POST', '/api/topics', { name: 'switched' })
  const page = await stage.open('/topics/default/switched/settings')
  const address = page.url()
  await page.getByRole('button', { name: english.topic.settings.edit }).click()
  const field = page.getByRole('textbox').first()
  await field.fill('77')
  await page.getByLabel(english.shell.language).selectOption('zh-CN')
  await page.getByText(chinese.topic.tabs.settings).first().waitFor()
  expect(await field.inputValue()).toBe('77')
  await page.getByLabel(chinese.shell.language).selectOption('en')
  await page.getByText(english.topic.tabs.settings).first().waitFor()
  expect(await field.inputValue()).toBe('77')
  expect(page.url()).toBe(address)
}
