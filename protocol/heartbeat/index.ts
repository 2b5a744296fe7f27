// The heartbeat loop between Castle and everyone who follows it: messages, their checks, and the sender's side.
export type { DirectiveHandlers } from './directives.ts'
export * from './messages.ts'
export { HeartbeatSender } from './sender.ts'
export type { HeartbeatSenderOptions, OwnReport, SenderState } from './sender-options.ts'
export * from './validate.ts'
