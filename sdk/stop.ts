// How a part of the SDK ends what it has begun, and how handlers hear that they must stop: one signal for many listeners at once. Node takes
// more than ten for a leak, and would say so in the service's own output.
import { setMaxListeners } from 'node:events'

export function newStop(): AbortController {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  return stop
}
