import { expect, test } from 'vitest'
import { Member } from './member.ts'

test('what is to start only after a stop has passed by does not: nobody would end it', async () => {
  const member = new Member({
    name: 'broker-1',
    args: () => ['version'],
    outputFile: undefined,
    restart: true,
    say: () => {},
    explain: (_, sentence) => sentence,
    onChange: () => {},
  })
  await member.stop()
  await expect(member.start()).rejects.toThrow('broker-1 was stopped before it was started.')
  expect(member.pid).toBeUndefined()
})
