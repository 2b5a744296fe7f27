// Random trouble for a few replicas: kills, power losses, cuts and sends by chance, from a seed; then peace. What was acknowledged must be
// there, and all logs equal to the byte.
import { iterateRecords } from '@castellan/protocol/records'
import { SeededRandom } from '@castellan/testing/simulator'
import { nameOf, Replicas } from './replicas.ts'

const ids = [1, 2, 3]

export interface Outcome {
  readonly acknowledged: number
  readonly truncations: number
  /** What was acknowledged, and is not in the log. */
  readonly lost: readonly string[]
  readonly areEqual: boolean
}

export async function runByChance(
  seed: number,
  steps: number,
  log?: Parameters<typeof Replicas.start>[0],
): Promise<Outcome> {
  const replicas = await Replicas.start({ ...log, seed })
  const random = new SeededRandom(seed)
  const topicId = await replicas.makeTopic('orders')
  const acknowledged: string[] = []
  let sent = 0
  let truncations = 0
  const send = () => {
    const value = `value-${sent++}`
    void replicas.send('orders', [value]).then((outcome) => outcome === 0 && acknowledged.push(value))
  }
  const down = () => ids.filter((id) => replicas.machine(nameOf(id)).process === null)
  const kill = (id: number, how: 'kill' | 'power') => {
    truncations += replicas.broker(id)?.partitions.metrics.truncations ?? 0
    replicas.kill(id, how)
  }
  for (let step = 0; step < steps; step++) {
    const id = ids[random.between(0, 3)]!
    const isUp = !down().includes(id)
    const chance = random.next()
    if (chance < 0.5) for (let n = random.between(1, 6); n > 0; n--) send()
    else if (chance < 0.6 && isUp) kill(id, 'kill')
    // A power loss of one at a time: more may lose what was acknowledged (R1).
    else if (chance < 0.65 && down().length === 0 && replicas.isLevel('orders')) kill(id, 'power')
    else if (chance < 0.72) replicas.cut(nameOf(id), nameOf(ids[random.between(0, 3)]!))
    else if (chance < 0.82) replicas.network.healAll()
    else for (const one of down()) void replicas.startBroker(one)
    await replicas.pass(random.next() < 0.7 ? random.next() * 50 : random.next() * 3_000)
  }
  replicas.network.healAll()
  for (const one of down()) void replicas.startBroker(one)
  await replicas.pass(6_000)
  await replicas.sendSurely('orders', ['the last'])
  await replicas.until(
    'all replicas are level',
    () => ids.every((id) => replicas.broker(id)) && replicas.isLevel('orders'),
    60_000,
  )
  for (const id of ids) truncations += replicas.broker(id).partitions.metrics.truncations
  const logs = ids.map((id) => replicas.logBytes(id, topicId))
  const present = new Set(valuesIn(logs[0]!))
  const lost = acknowledged.filter((value) => !present.has(value))
  return { acknowledged: acknowledged.length, truncations, lost, areEqual: logs.every((one) => one.equals(logs[0]!)) }
}

function valuesIn(bytes: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    for (const { value } of iterateRecords(bytes, at)) values.push(new TextDecoder().decode(value!))
  }
  return values
}
