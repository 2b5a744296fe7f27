// Castle's API, as the pages use it.
export type { ConnectionState } from './connection.ts'
export { type Call, call, callList, type List } from './fetch.ts'
export { queryClient, refresh, useConnection, useLive, useLiveList } from './live.ts'
export { ApiError, isUnsure, type Problem, problemOf } from './problem.ts'
export type * from './types.ts'
export { useProblemText } from './use-problem-text.ts'
