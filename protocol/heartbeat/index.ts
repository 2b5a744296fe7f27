// The heartbeat loop between Castle and everyone who follows it: messages, their checks, and the sender's side.
export type { DirectiveHandlers } from './directives.ts'
export * from './messages.ts'
export { HeartbeatSender, type HeartbeatSenderOptions, type OwnReport, type SenderState } from './sender.ts'
export * from './validate.ts'
