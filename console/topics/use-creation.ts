// What a new topic will be while its form is filled in: each change is asked of Castle as a dry run, so that the name, the numbers and
// the placement are judged by the very code that will create it.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { type CreationPlan, call, isUnsure, type Problem, problemOf, refresh } from '../api/index.ts'
import type { AckLevel } from './AckTag.tsx'
import { countOf, partitionsMax, replicasMax } from './counts.ts'

export interface NewTopic {
  readonly name: string
  readonly cluster: string
  /** As typed: `countOf` says which number it is. */
  readonly partitions: string
  readonly replicationFactor: string
  readonly ackLevel: AckLevel
  readonly owner: string
  readonly description: string
}

const settleMs = 120

/** The plan for `topic`; while it is typed, that of a moment ago. */
export function useCreationPlan(topic: NewTopic) {
  const text = JSON.stringify(bodyOf(topic))
  const settled = useSettled(text)
  const plan = useQuery({
    queryKey: ['plan', 'POST', '/api/topics', settled],
    queryFn: ({ signal }) =>
      call<CreationPlan>({
        method: 'POST',
        path: '/api/topics',
        query: { dryRun: 'true' },
        body: JSON.parse(settled) as unknown,
        signal,
      }),
    placeholderData: keepPreviousData,
    gcTime: 0,
    // Brokers come and go while the form is open.
    refetchInterval: 5_000,
  })
  return { plan, isSettled: settled === text && !plan.isPlaceholderData }
}

/** Creates topics. One key for as long as the form stays the same, so that a second press makes no second topic. */
export function useCreate() {
  const [keyed, setKeyed] = useState({ text: '', key: '' })
  const [isRunning, setRunning] = useState(false)
  const [failure, setFailure] = useState<{ problem: Problem; isUnsure: boolean }>()
  /** Resolves with whether it was created. */
  const create = async (topic: NewTopic): Promise<boolean> => {
    const body = bodyOf(topic)
    const text = JSON.stringify(body)
    const key = keyed.text === text ? keyed.key : crypto.randomUUID()
    setKeyed({ text, key })
    setRunning(true)
    setFailure(undefined)
    try {
      await call({ method: 'POST', path: '/api/topics', body, idempotencyKey: key })
      void refresh('/api/topics')
      return true
    } catch (error) {
      const problem = problemOf(error)
      setFailure({ problem, isUnsure: isUnsure(problem) })
      // A refusal is an answer too, and would be given again under its key.
      if (!isUnsure(problem)) setKeyed({ text: '', key: '' })
      return false
    } finally {
      setRunning(false)
    }
  }
  return { create, isRunning, failure }
}

function bodyOf({ cluster, partitions, replicationFactor, ...rest }: NewTopic) {
  // A number that is wrong is left out: the other fields are judged all the same.
  return {
    ...rest,
    ...(cluster === '' ? {} : { cluster }),
    partitions: countOf(partitions, partitionsMax),
    replicationFactor: countOf(replicationFactor, replicasMax),
  }
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMs)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
