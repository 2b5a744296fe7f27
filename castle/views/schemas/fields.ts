// What schemas of the API are made of. Times are ISO 8601 in UTC, for people; durations and ages are numbers whose names say the unit.
import { Type } from '@castellan/protocol/json-schema'
import type { TSchema } from 'typebox'

export const text = Type.String()
export const count = Type.Integer({ minimum: 0 })
export const time = Type.String({ format: 'date-time' })
export const texts = Type.Record(Type.String(), Type.String())
export const ackLevel = Type.Enum([-1, 1, 0])
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const assignedPartitions = Type.Array(
  Type.Object({ topic: nullable(text), topicId: text, partitions: Type.Array(count) }),
)
