// Data that stays fresh by itself. A change in Castle arrives as a hint on the live stream, and the query is asked again; while the
// stream is silent, or for figures that are measured rather than decided (offsets, lag), it is asked every second or two. Old data
// stays while new data is on its way, and when Castle is away.
import { QueryClient, type UseQueryResult, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import type { Query } from '../url/routes.ts'
import { type ConnectionState, connection } from './connection.ts'
import { call, callList, type List } from './fetch.ts'
import { ApiError } from './problem.ts'
import { LiveStream } from './stream.ts'

const pollWhileSilentMs = 2_000
const pollWhileAwayMs = 1_000

export const queryClient = new QueryClient({
  defaultOptions: {
    // A refusal does not go away by asking again, and silence is polled anyway.
    queries: { retry: false, networkMode: 'always', staleTime: 1_000, refetchOnWindowFocus: true },
    mutations: { retry: false, networkMode: 'always' },
  },
})

const stream = new LiveStream({
  open: (url, on) => {
    const source = new EventSource(url)
    for (const kind of ['change', 'beat'] as const) {
      source.addEventListener(kind, (event) => on.text(kind, String((event as MessageEvent).data)))
    }
    source.addEventListener('error', () => on.end())
    return source
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  beat: () => connection.beat(),
  lost: () => void probe(),
})

/** Any call tells `connection` whether Castle is there. */
async function probe(): Promise<void> {
  try {
    await call({ path: '/api/health' })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

setInterval(() => connection.review(), 1_000)

/** Whatever failed or grew old while the stream was silent is asked again once it speaks: no version need have changed. */
let before = connection.state.kind
let wasEverLive = false
connection.subscribe(() => {
  const { kind } = connection.state
  // The first time, everything has just been asked.
  if (kind === 'live' && before !== 'live' && wasEverLive) void refresh('/api')
  wasEverLive ||= kind === 'live'
  if (kind !== 'away' && before === 'away') stream.hurry()
  before = kind
})

export function useConnection(): ConnectionState {
  return useSyncExternalStore(connection.subscribe, () => connection.state)
}

interface Live {
  readonly path: string
  readonly query?: Query
  /** Subjects of the stream whose change means: ask again. */
  readonly subjects?: readonly string[]
  /** For measured figures: ask this often while the page is visible. */
  readonly pollMs?: number
  /** False: do not ask yet. */
  readonly enabled?: boolean
}

/** What `path` answers, kept fresh. */
export function useLive<Answer>(live: Live): UseQueryResult<Answer> {
  const { path, query = {} } = live
  return useFresh<Answer>(live, [path, query], (signal) => call<Answer>({ path, query, signal }))
}

/** All items of the list at `path`, kept fresh. */
export function useLiveList<Item>(live: Live): UseQueryResult<List<Item>> {
  const { path, query = {} } = live
  return useFresh<List<Item>>(live, [path, query, 'all'], (signal) => callList<Item>(path, query, signal))
}

function useFresh<Answer>(
  { subjects = [], pollMs, enabled = true }: Live,
  queryKey: readonly unknown[],
  ask: (signal: AbortSignal) => Promise<Answer>,
): UseQueryResult<Answer> {
  const client = useQueryClient()
  const { kind } = useConnection()
  const subjectsText = JSON.stringify(enabled ? subjects : [])
  const keyText = JSON.stringify(queryKey)
  useEffect(() => {
    const listenTo = JSON.parse(subjectsText) as string[]
    if (listenTo.length === 0) return undefined
    return stream.listen(listenTo, () => void client.invalidateQueries({ queryKey: JSON.parse(keyText) as unknown[] }))
  }, [client, subjectsText, keyText])
  const isTold = kind === 'live' && subjects.length > 0
  const untoldMs = kind === 'away' ? pollWhileAwayMs : isTold ? false : pollWhileSilentMs
  return useQuery({
    queryKey,
    queryFn: ({ signal }) => ask(signal),
    enabled,
    // What failed may be right a moment later without anything having changed.
    refetchInterval: ({ state }) =>
      pollMs ?? (untoldMs === false && state.status === 'error' ? pollWhileSilentMs : untoldMs),
  })
}

/** After a write of one's own: everything that shows below `path` is asked again at once. */
export function refresh(path: string): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: ({ queryKey }) => typeof queryKey[0] === 'string' && queryKey[0].startsWith(path),
  })
}
