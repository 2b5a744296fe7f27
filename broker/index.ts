// The public face of the broker.
export { Broker, type BrokerOptions } from './broker.ts'
export { type BrokerConfig, brokerConfig, brokerSettings, parseBrokerConfig, type Setting } from './config.ts'
export { BrokerError, type BrokerErrorCode } from './errors.ts'
export { type RunningBroker, startBroker } from './main.ts'
export type { SettingType } from './setting-types.ts'
