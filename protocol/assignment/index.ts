// Who processes what.
export { type AssignInput, type AssignMember, assign } from './assign.ts'
