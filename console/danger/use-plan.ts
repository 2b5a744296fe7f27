// What a dangerous act would do, asked of Castle before it is done: a dry run of the very call. The plan carries the version of the
// state it was made of, and an id where it was made of more than that; the act carries them back, so nothing else than what was shown can
// happen.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Call, call } from '../api/fetch.ts'
import { isUnsure, type Problem, problemOf } from '../api/problem.ts'

export type Act = Pick<Call, 'path' | 'query' | 'body'> & { readonly method: 'POST' | 'PATCH' | 'DELETE' }

export interface Plan {
  /** Of the state that the plan was made of. */
  readonly version?: number
  /** Of the plan itself, where the version does not tell everything that it was made of. */
  readonly id?: string
}

/** What the last press came to. */
export type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  /** The state changed after the preview: there is a new one. */
  | { readonly kind: 'outdated' }
  | { readonly kind: 'failed' | 'unsure'; readonly problem: Problem }

/** Asks for the plan of `act` and does it. One key for as long as the plan stands, so a second press is the same job. */
export function usePlan<P extends Plan>(act: Act) {
  const client = useQueryClient()
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' })
  const [key, setKey] = useState(() => crypto.randomUUID())
  const { method, path, query, body } = act
  const queryKey = ['plan', method, path, query ?? {}, body ?? null]
  const plan = useQuery({
    queryKey,
    queryFn: ({ signal }) => call<P>({ ...act, query: { ...query, dryRun: 'true' }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  })

  /** Resolves with whether it was done. */
  const run = async ({ version, id }: Plan, reason: string): Promise<boolean> => {
    setOutcome({ kind: 'running' })
    try {
      const given = { ...query, reason }
      await call({
        ...act,
        query: given,
        ...(id === undefined ? {} : { body: { ...(body ?? {}), plan: id } }),
        idempotencyKey: key,
        ...(version === undefined ? {} : { ifMatch: version }),
      })
      setOutcome({ kind: 'none' })
      return true
    } catch (error) {
      const problem = problemOf(error)
      if (problem.code === 'PLAN_OUTDATED') {
        setKey(crypto.randomUUID())
        await client.refetchQueries({ queryKey })
        setOutcome({ kind: 'outdated' })
      } else if (isUnsure(problem)) setOutcome({ kind: 'unsure', problem })
      else {
        setKey(crypto.randomUUID())
        setOutcome({ kind: 'failed', problem })
      }
      return false
    }
  }
  return { plan, outcome, run }
}
