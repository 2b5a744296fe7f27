// How figures and times are written.
export { type Formats, type Language, makeFormats, type Zone } from './formats.ts'
export { Age, Moment } from './Moment.tsx'
export { isZone, useFormats, useNow, zoneChoice } from './use-formats.ts'
export { instantOf, wallText } from './zoned.ts'
