// Tests of services: Castle and brokers in the test's own process, on a clock that the test moves.
export { TestingError, type TestingErrorCode } from './errors.ts'
export type { FailingCall, FailOptions, HowItFails, PlannedFailure } from './failures.ts'
export type { Handled, MessagePlace } from './history.ts'
export type { TestPlatformOptions, TopicOptions } from './options.ts'
export { type HandledOptions, TestPlatform, type WaitOptions } from './platform.ts'
export type { ServiceOptions } from './services.ts'
