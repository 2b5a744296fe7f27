// What Castle refuses or fails at, by its code. Where a code is not listed, its English words are shown as they are.
type Params = Readonly<Record<string, unknown>>

export const errors = {
  byCode: {} as Readonly<Record<string, (params: Params) => string>>,
  next: {} as Readonly<Record<string, string>>,
  away: 'Castle does not answer.',
  awayNext: 'The page tries again by itself.',
  slow: 'Castle did not answer within 10 seconds.',
  unreadable: 'What answered was not Castle, or another release of it.',
  unreadableNext: 'Look at the address; a proxy in between may be at fault.',
}
