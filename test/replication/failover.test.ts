// Replicas through the death of their leader: what was acknowledged is there, and all logs are equal to the byte (R1, R5).
import { iterateRecords } from '@castellan/protocol/records'
import { expect, test } from 'vitest'
import { Replicas } from './replicas.ts'

function valuesIn(bytes: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    for (const { value } of iterateRecords(bytes, at)) values.push(new TextDecoder().decode(value!))
  }
  return values
}

test('three brokers replicate at Ack -1; the leader dies, another leads, nothing is lost, the logs become equal', async () => {
  const replicas = await Replicas.start()
  const topicId = await replicas.makeTopic('orders')
  const sent: string[] = []
  const sendSome = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const values = [`value-${sent.length}`]
      await replicas.sendSurely('orders', values)
      sent.push(...values)
    }
  }
  await sendSome(20)
  await replicas.until('all replicas have all', () => replicas.isLevel('orders'))
  const { leader } = replicas.partition('orders')
  for (const id of [1, 2, 3]) expect(valuesIn(replicas.logBytes(id, topicId))).toEqual(sent)

  replicas.kill(leader)
  await sendSome(20)
  const next = replicas.partition('orders').leader
  expect(next).not.toBe(leader)
  await replicas.restart(leader)
  await replicas.until('the old leader is in sync', () => replicas.isLevel('orders'))
  const bytes = replicas.logBytes(next, topicId)
  for (const id of [1, 2, 3]) expect(replicas.logBytes(id, topicId).equals(bytes)).toBe(true)
  expect(valuesIn(bytes).filter((value, at, all) => all.indexOf(value) === at)).toEqual(sent)
})
