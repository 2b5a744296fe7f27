// The one dialog for what can hurt.
export const danger = {
  checking: 'Working out what this would do …',
  checkFailed: 'What this would do could not be worked out, so it cannot be done from here.',
  refused: 'Castle would refuse this:',
  affected: 'Who is affected',
  undo: 'Undo',
  typeName: (name: string) => `Type ${name} to confirm`,
  reason: 'Reason',
  reasonRequired: 'Reason (required here)',
  reasonHint: 'Stands in the list of decisions.',
  changed: 'The state has changed meanwhile. This is the new preview: look at it again.',
  lastFailed: 'Not done:',
  unsure: 'Castle did not answer, so it is not known whether this was done. Pressing again is safe: it counts once.',
}
