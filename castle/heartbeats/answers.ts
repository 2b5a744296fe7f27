// Answers as text. The steady one, which is nearly all, is two strings and a number; what differs is put together from
// texts that all sessions share, so nobody's answer stringifies the state.

import type { SubjectText } from '../state/subjects.ts'
import type { Session } from './session.ts'

export interface Times {
  readonly intervalMs: number
  readonly leaseMs: number
}

/** Subjects beyond this many bytes or this many wait for the next heartbeat, which is asked for at once. */
const answerCharsMax = 1_000_000
const subjectsMax = 5_000

/** The beginning of every answer to senders of one kind, up to the number that it answers. */
export class AnswerHeads {
  readonly #times: { readonly broker: Times; readonly client: Times }
  #castleEpoch = -1
  #heads = { broker: '', client: '' }

  constructor(times: { readonly broker: Times; readonly client: Times }) {
    this.#times = times
  }

  of(kind: 'broker' | 'client', castleEpoch: number): string {
    if (this.#castleEpoch !== castleEpoch) {
      const head = ({ intervalMs, leaseMs }: Times, more = '') =>
        `{"type":"answer","castleEpoch":${castleEpoch},"intervalMs":${intervalMs},"leaseMs":${leaseMs},${more}"seq":`
      const broker = head(this.#times.broker, '"takesChanges":true,')
      this.#heads = { broker, client: head(this.#times.client) }
      this.#castleEpoch = castleEpoch
    }
    return this.#heads[kind]
  }
}

/** An answer that says one thing instead of the state; or nothing. */
export function shortAnswer(head: string, seq: number, more: Readonly<Record<string, unknown>>): string {
  const fields = JSON.stringify(more).slice(1)
  return `${head}${seq}${fields === '}' ? '' : ','}${fields}`
}

/** What the session gets: everything in its scope that it does not hold, as far as it fits. */
export function fullAnswer(
  head: string,
  session: Session,
  seq: number,
  scope: Iterable<SubjectText>,
  nowMs: number,
): string {
  const { holds } = session.report
  const texts: string[] = []
  let chars = 0
  let more = false
  for (const subject of scope) {
    if (holds[subject.key] === subject.version) continue
    if (texts.length >= subjectsMax || (chars > 0 && chars + subject.text.length > answerCharsMax)) {
      more = true
      break
    }
    texts.push(subject.text)
    chars += subject.text.length
  }
  // Clean only once its own report says that it holds everything.
  session.dirty = texts.length > 0
  let text = head + seq
  if (session.brokerEpoch > 0) text += `,"brokerEpoch":${session.brokerEpoch}`
  if (texts.length > 0) text += `,"subjects":[${texts.join(',')}]`
  if (more) text += ',"more":true'
  return `${text}${listsOf(session, nowMs)}}`
}

/** For a session that is known to hold everything. */
export function steadyAnswer(head: string, session: Session, seq: number, nowMs: number): string {
  const epoch = session.brokerEpoch > 0 ? `,"brokerEpoch":${session.brokerEpoch}` : ''
  return `${head}${seq}${epoch}${listsOf(session, nowMs)}}`
}

function listsOf(session: Session, nowMs: number): string {
  let text = session.missing.length > 0 ? `,"missingTopics":${JSON.stringify(session.missing)}` : ''
  if (session.wanted.length > 0) text += `,"wantSubjects":${JSON.stringify(session.wanted)}`
  if (session.directives.size === 0) return text
  const directives = session.directives.toSend(nowMs)
  if (directives.length > 0) text += `,"directives":${JSON.stringify(directives)}`
  return text
}
