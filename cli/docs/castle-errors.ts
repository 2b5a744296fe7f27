// docs/castle-errors.md: what Castle's API refuses or fails at, from the one table that its answers are made from.
import { errorKinds } from '@castellan/castle'
import { cell, generated, row } from './markdown.ts'

export function castleErrorsPage(): string {
  return [
    generated,
    '# What Castle answers instead',
    '',
    'Each refusal and failure of the HTTP API is a problem document (RFC 9457): `code` is one of these, `detail` says what happened, with names and',
    'values, and `next` what to do; `params` has the names and values for other languages. The console and the command line say the same. Who',
    "asked by the Kafka protocol is told Kafka's error. Some answers know more, and say another `next`.",
    '',
    'What is wrong with the platform, rather than with a request, is in `GET /api/problems`, first in the console, and in `castellan status`: such as',
    'a log that is out of use, with what is wrong with it, a topic in doubt, with the brokers that it waits for, or a topic that was not taken over.',
    '',
    row(['Code', 'HTTP', 'Kafka', 'What to do']),
    row(['---', '---', '---', '---']),
    ...Object.entries(errorKinds).map(([code, { status, kafka, next }]) =>
      row([`\`${code}\``, String(status), `\`${kafka}\``, cell(next)]),
    ),
    '',
  ].join('\n')
}
