// Brokers, as Castle lists them. One broker is a row of that list: there are few.
import { type BrokerView, useLiveList } from '../api/index.ts'

/** `pollMs`: what a broker reports of itself (faults, last heard) is no decision of Castle's, so the stream need not tell. */
export function useBrokers({ cluster }: { cluster?: string } = {}) {
  return useLiveList<BrokerView>({ path: '/api/brokers', query: { cluster }, subjects: ['brokers'], pollMs: 2_000 })
}
