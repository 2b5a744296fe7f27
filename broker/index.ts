// The public face of the broker.
export { Broker, type BrokerOptions } from './broker.ts'
export { type BrokerConfig, brokerConfig, brokerSettings, parseBrokerConfig } from './config.ts'
export { BrokerError, type BrokerErrorCode } from './errors.ts'
export { type RunningBroker, startBroker } from './main.ts'
export type { RecoveryProgress } from './partition/index.ts'
