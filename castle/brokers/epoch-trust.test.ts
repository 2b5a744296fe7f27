import { castleEpochMax } from '@castellan/protocol/heartbeat'
import { expect, test } from 'vitest'
import { EpochTrust, type Witness } from './epoch-trust.ts'

test.each<[Witness, number, number, boolean]>([
  ['client', 5, 21, true],
  ['client', 5, 22, false],
  ['broker', 5, 10_005, true],
  ['broker', 5, 10_006, false],
  ['client', 7, 3, true],
  ['broker', castleEpochMax - 100_001, castleEpochMax - 100_000, true],
  ['broker', castleEpochMax - 100_000, castleEpochMax - 99_999, false],
])('the word of a %s takes the epoch from %i to %i: %s', (witness, from, to, believed) => {
  const check = () => new EpochTrust().check(witness, from, to)
  if (believed) expect(check).not.toThrow()
  else expect(check).toThrow(`Castle epoch ${to - 1} is too far ahead`)
})

test.each<[Witness, number]>([
  ['client', 16],
  ['broker', 10_000],
])(
  'all %ss together raise it by %i, however many small steps they take, up or to where it is already',
  (witness, most) => {
    const trust = new EpochTrust()
    for (let step = 0; step < most; step++) trust.spend(witness, step, step % 2 === 0 ? step + 1 : step)
    expect(() => trust.spend(witness, most, most)).toThrow('too far ahead')
  },
)
