// The reading that the address asks for, for as long as the tab is open and the page visible.
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Loading } from '../grid/index.ts'
import { useQueryValue } from '../url/index.ts'
import { readPage, type TopicName } from './api.ts'
import { askedOf, readStart, type Start } from './range.ts'
import { moreRows, Reader, type ReaderState } from './reader.ts'

export interface Asked {
  readonly start: Start
  readonly from: string
  readonly partition: string
  readonly key: string
  readonly contains: string
  readonly isLive: boolean
}

/** What the address asks for. */
export function useAsked(): Asked {
  const [from] = useQueryValue('from')
  const [partition] = useQueryValue('partition')
  const [key] = useQueryValue('key')
  const [contains] = useQueryValue('contains')
  const [live] = useQueryValue('live')
  return { start: readStart(from), from, partition, key, contains, isLive: live === '1' }
}

export interface Reads extends ReaderState {
  readonly query: Loading
  /** Another text for each reading: rows that are held belong to one. */
  readonly id: string
  more(): void
  stop(): void
  restart(): void
}

export function useReader({ cluster, topic }: TopicName, asked: Asked): Reads {
  const { from, partition, key, contains, isLive } = asked
  const [round, setRound] = useState(0)
  const reader = useMemo(() => {
    const filter = { partition, key, contains, limit: moreRows }
    return new Reader({
      ask: ({ cursor, waitMs }, signal) => {
        const where = cursor === undefined ? { from: askedOf(readStart(from), Date.now()) } : { cursor }
        return readPage({ cluster, topic }, { ...filter, ...where, ...(waitMs === 0 ? {} : { waitMs }) }, signal)
      },
      pause,
      nowMs: () => Date.now(),
    })
  }, [cluster, topic, from, partition, key, contains])
  const isVisible = useSyncExternalStore(subscribeToVisibility, () => !document.hidden)
  useEffect(() => {
    reader.restart()
    return () => reader.stop()
  }, [reader])
  useEffect(() => reader.follow(isLive && isVisible), [reader, isLive, isVisible])
  const state = useSyncExternalStore(reader.subscribe, () => reader.state)
  const restart = () => {
    setRound((count) => count + 1)
    reader.restart()
  }
  return {
    ...state,
    query: loadingOf(state, restart),
    id: `${from} ${partition} ${key} ${contains} ${round}`,
    more: () => reader.more(),
    stop: () => reader.stop(),
    restart,
  }
}

/** As tables and panels draw a query. */
function loadingOf({ reading, activity, error, readMs, failedMs }: ReaderState, restart: () => void): Loading {
  const hasAny = reading.next !== undefined
  return {
    data: hasAny ? reading : undefined,
    error,
    isPending: activity === 'first' && !hasAny,
    dataUpdatedAt: readMs,
    errorUpdatedAt: failedMs,
    refetch: restart,
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function subscribeToVisibility(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener)
  return () => document.removeEventListener('visibilitychange', listener)
}
