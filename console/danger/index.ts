// The dialog for what can hurt. Import it lazily (`lazyDangerDialog`) from pages.
export { DangerDialog, type Words } from './DangerDialog.tsx'
export type { Act, Plan } from './use-plan.ts'
