// The part of JSON Schema that heartbeat messages and Castle's HTTP API are written in: builders, and the checks made from what they build.
export { Type, taggedUnion } from './builders.ts'
export { type Check, compileSchema, type Problem } from './compile.ts'
