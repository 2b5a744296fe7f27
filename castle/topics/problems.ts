// What is wrong with what somebody asks of a topic, field by field: all of it is found before anything is refused, so that a form can show
// everything that has to be mended.
import { CastleError, type CastleErrorCode } from '../errors.ts'

/** What is wrong with one field of what was asked. */
export interface FieldProblem {
  readonly field: string
  readonly error: CastleError
}

export class Problems {
  readonly found: FieldProblem[] = []
  readonly #fieldsOfCodes: Partial<Record<CastleErrorCode, string>>

  /** `fieldsOfCodes`: errors of which another field is at fault than the one that was looked at. */
  constructor(fieldsOfCodes: Partial<Record<CastleErrorCode, string>> = {}) {
    this.#fieldsOfCodes = fieldsOfCodes
  }

  /** What `make` returns; undefined when it throws a CastleError, which is the field's problem then. */
  attempt<T>(field: string, make: () => T): T | undefined {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof CastleError)) throw error
      this.found.push({ field: this.#fieldsOfCodes[error.code] ?? field, error })
      return undefined
    }
  }
}

/** Throws what is wrong, all of it in one error of the first one's code. */
export function refuse(problems: readonly FieldProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  const { code, next, params } = first.error
  throw new CastleError(code, problems.map(({ error }) => error.message).join('; '), { next, params })
}
