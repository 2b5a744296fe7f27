// Whatever the network does to heartbeats, whoever joins, leaves, dies or is slow, whatever Castle decides, and
// however often the coordinator changes: never two owners, no commit of a stale one, and it settles in a few rounds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { World } from './world.ts'

/** A number tells what happens next; which client, letter or partition: its higher digits. */
function act(world: World, number: number): void {
  const roll = number % 100
  const rest = Math.floor(number / 100)
  const pick = <T>(items: readonly T[]): T | undefined => items[rest % Math.max(1, items.length)]
  const take = <T>(items: T[]): T | undefined => items.splice(rest % Math.max(1, items.length), 1)[0]
  const client = pick(world.clients.filter(({ alive }) => alive))
  const within = (upTo: number) => roll < upTo

  if (within(5) || !client) return void (world.clients.length < 12 && world.start())
  if (within(30)) return world.send(client)
  if (within(52)) return when(take(world.requests), (letter) => world.arrive(letter))
  if (within(54)) return when(pick(world.requests), (letter) => world.arrive(letter)) // and once more, later
  if (within(57)) return void take(world.requests)
  if (within(78)) return when(take(world.answers), (letter) => world.receive(letter))
  if (within(83)) return void take(world.answers)
  if (within(86)) return world.giveUp(client)
  if (within(91)) return world.decide((partition, ids) => ids[(rest >> partition) % Math.max(1, ids.length)])
  if (within(92)) return world.decide((_, ids) => ids[0], world.group.membership - 1)
  if (within(96)) return world.pass(rest % 4_000)
  if (within(97)) return world.pass(rest % 30_000)
  if (within(98)) return world.failOver()
  return within(99) ? world.leave(client) : world.crash(client)
}

function when<T>(item: T | undefined, act: (item: T) => void): void {
  if (item !== undefined) act(item)
}

/** Eleven for the sessions of the dead to run out, and a few to hand over. */
const roundsMax = 20

test('never two owners, no stale commit, and it settles', () => {
  const totals = { handOvers: 0, fenced: 0, expired: 0, refusedCommits: 0, targets: 0 }
  const runs = fc.property(
    fc.array(fc.nat(1_000_000_000), { minLength: 100, maxLength: 400, size: 'max' }),
    (numbers) => {
      const world = new World()
      for (const number of numbers) {
        act(world, number)
        world.check()
      }
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += world.counts[key]
      expect(world.roundsToConverge(roundsMax)).toBeLessThanOrEqual(roundsMax)
    },
  )
  // Shrinking takes minutes: to have it, replay a failure by its seed and path without `endOnFailure`.
  fc.assert(runs, { numRuns: 400, endOnFailure: true })
  // A run in which nothing happened would prove nothing.
  for (const [what, count] of Object.entries(totals)) expect(count, what).toBeGreaterThan(50)
})
