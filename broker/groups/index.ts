// The group coordinator: what handlers and the link to Castle work with.
export { Coordinator, type CoordinatorOptions, type Found, offsetsTopic } from './coordinator.ts'
export { undescribed } from './describe.ts'
export type { GroupSettings } from './settings.ts'
