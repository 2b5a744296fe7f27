// What Castle answers. Made by make-types.ts from its OpenAPI document: do not edit.

export type HealthView = {
  readonly status: 'ok' | 'degraded'
  readonly problem: string | null
  readonly castleEpoch: number
  readonly release: string
  readonly pid: number
  readonly uptimeMs: number
  readonly clusters: readonly {
    readonly id: string
    readonly brokers: number
    readonly brokersUp: number
    readonly leaderless: number
  }[]
}

export type ClusterView = {
  readonly id: string
  readonly kind: 'castellan' | 'kafka'
  readonly environment: string
  readonly flags: Readonly<Record<string, boolean>>
  readonly brokers: number
  readonly brokersUp: number
  readonly topics: number
  readonly clients: number
}

export type BrokerView = {
  readonly id: number
  readonly cluster: string
  readonly host: string
  readonly port: number
  readonly metricsPort: number
  readonly rack: string | null
  readonly pid: number
  readonly release: string
  readonly state: 'up' | 'down'
  readonly why: string
  readonly since: string
  readonly brokerEpoch: number
  readonly stopping: boolean
  readonly lastHeard: string | null
  readonly leaders: number
  readonly replicas: number
  readonly faults: readonly {
    readonly topicId: string
    readonly topic: string | null
    readonly partition: number
    readonly fault: string
  }[]
  readonly strays: readonly {
    readonly topicId: string
    readonly partition: number
  }[]
  readonly behind: readonly string[]
  readonly startedAt: string | null
  readonly recovery: {
    readonly logs: number
    readonly opened: number
    readonly bytesToCheck: number
    readonly bytesChecked: number
  } | null
  readonly vitals: {
    readonly at: string
    readonly loopHeldMs: number
    readonly logBytes: number
    readonly writePath: 'sync' | 'async'
    readonly longestWriteMs: number
    readonly slowWrites: number
    readonly leftLoop: number
    readonly lastStop: 'clean' | 'killed' | 'lost' | 'first'
  } | null
}

export type TopicSummary = {
  readonly name: string
  readonly topicId: string
  readonly cluster: string
  readonly internal: boolean
  readonly partitions: number
  readonly replicationFactor: number
  readonly ackLevel: -1 | 1 | 0
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly leaderless: number
  readonly belowMinIsr: number
  readonly underReplicated: number
  readonly losses: number
  readonly createdAt: string
}

export type TopicView = {
  readonly name: string
  readonly topicId: string
  readonly cluster: string
  readonly internal: boolean
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly leaderEpoch: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
    readonly elr: readonly number[]
    readonly adding: readonly number[]
    readonly removing: readonly number[]
    readonly state: 'ok' | 'moving' | 'under-replicated' | 'below-min-isr' | 'offline'
    readonly missing: readonly {
      readonly broker: number
      readonly why: 'down' | 'full' | 'stopping' | 'faulty' | 'behind' | 'joining'
    }[]
  }[]
  readonly replicationFactor: number
  readonly minInsyncReplicas: number
  readonly ackLevel: -1 | 1 | 0
  readonly configs: Readonly<Record<string, string>>
  readonly description: string
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly version: number
  readonly applied: {
    readonly brokers: {
      readonly current: number
      readonly senders: number
    }
    readonly clients: {
      readonly current: number
      readonly senders: number
    }
  }
  readonly losses: readonly {
    readonly number: number
    readonly partition: number
    readonly at: string
    readonly from: readonly number[]
    readonly to: number
    readonly leaderEpoch: number
    readonly messagesMax: number | null
  }[]
  readonly doubt: {
    readonly since: string
    readonly why: string
  } | null
}

export type TopicOffsets = {
  readonly items: readonly {
    readonly partition: number
    readonly start: number | null
    readonly end: number | null
    readonly replicas: readonly {
      readonly broker: number
      readonly end: number | null
      readonly bytes: number | null
    }[]
  }[]
  readonly problem: string | null
}

export type TopicClient = {
  readonly id: string
  readonly service: string
  readonly host: string
  readonly linked: boolean
  readonly state: 'applied' | 'pending' | 'offline'
  readonly version: number | null
  readonly desired: number
  readonly appliedMs: number | null
}

export type TopicSetting = {
  readonly name: string
  readonly type: string
  readonly default: string
  readonly honoured: boolean
  readonly expected: string
  readonly doc: string
}

export type CreationPlan = {
  readonly valid: boolean
  readonly problems: readonly {
    readonly field: string
    readonly code: string
    readonly params: Readonly<Record<string, string | number | boolean | null>>
    readonly message: string
  }[]
  readonly placement: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
  }[]
  readonly survivesBrokers: number
}

export type ChangePlan = {
  readonly version: number
  readonly changes: readonly {
    readonly field: string
    readonly from: string | number | null
    readonly to: string | number | null
  }[]
  readonly weaker: boolean
  readonly problems: readonly {
    readonly field: string
    readonly code: string
    readonly params: Readonly<Record<string, string | number | boolean | null>>
    readonly message: string
  }[]
  readonly clients: {
    readonly total: number
    readonly linked: number
  }
  readonly brokers: number
}

export type DeletionPlan = {
  readonly version: number
  readonly partitions: number
  readonly messages: number | null
  readonly groups: readonly string[]
  readonly clients: number
}

export type ReassignmentPlan = {
  readonly version: number
  readonly valid: boolean
  readonly problems: readonly {
    readonly field: string
    readonly code: string
    readonly params: Readonly<Record<string, string | number | boolean | null>>
    readonly message: string
  }[]
  readonly partitions: readonly {
    readonly partition: number
    readonly replicas: readonly number[]
    readonly target: readonly number[]
    readonly adding: readonly number[]
    readonly removing: readonly number[]
  }[]
  readonly copies: number
}

export type ElectionPlan = {
  readonly version: number
  readonly id: string
  readonly partitions: readonly {
    readonly partition: number
    readonly from: number
    readonly to: number
    readonly cutAt: number | null
    readonly messagesMax: number | null
    readonly refusal: string | null
  }[]
}

export type GiveUpPlan = {
  readonly topics: number
  readonly examples: readonly string[]
}

export type GroupSummary = {
  readonly group: string
  readonly cluster: string
  readonly coordinator: number
  readonly members: number
  readonly topics: readonly string[]
}

export type GroupView = {
  readonly group: string
  readonly cluster: string
  readonly coordinator: number
  readonly groupEpoch: number | null
  readonly members: readonly {
    readonly memberId: string
    readonly rack: string | null
    readonly topics: readonly string[]
    readonly target: readonly {
      readonly topic: string | null
      readonly topicId: string
      readonly partitions: readonly number[]
    }[]
    readonly client: {
      readonly id: string
      readonly service: string
      readonly host: string
      readonly memberEpoch: number
      readonly assigned: readonly {
        readonly topic: string | null
        readonly topicId: string
        readonly partitions: readonly number[]
      }[]
    } | null
  }[]
  readonly assignment: {
    readonly membership: number
    readonly version: number
    readonly outdated: boolean
  } | null
  readonly offsets: readonly {
    readonly topic: string
    readonly partition: number
    readonly committed: number
    readonly end: number | null
    readonly lag: number | null
  }[]
  readonly offsetsProblem: string | null
  readonly stuck: readonly {
    readonly topic: string | null
    readonly topicId: string
    readonly partition: number
    readonly offset: number
    readonly since: string
    readonly attempts: number
    readonly error: string
    readonly client: string
  }[]
}

export type ClientSummary = {
  readonly id: string
  readonly service: string
  readonly host: string
  readonly pid: number
  readonly release: string
  readonly cluster: string | null
  readonly topics: readonly string[]
  readonly groups: readonly string[]
  readonly lastHeard: string
  readonly linked: boolean
  readonly behind: number
}

export type ClientView = {
  readonly id: string
  readonly incarnation: string
  readonly service: string
  readonly host: string
  readonly pid: number
  readonly release: string
  readonly cluster: string | null
  readonly topics: readonly string[]
  readonly missingTopics: readonly string[]
  readonly groups: readonly {
    readonly group: string
    readonly memberId: string
    readonly memberEpoch: number
    readonly assigned: readonly {
      readonly topic: string | null
      readonly topicId: string
      readonly partitions: readonly number[]
    }[]
  }[]
  readonly lastHeard: string
  readonly silentMs: number
  readonly linked: boolean
  readonly subjects: readonly {
    readonly key: string
    readonly desired: number
    readonly actual: number | null
  }[]
  readonly directives: readonly {
    readonly id: string
    readonly kind: string
    readonly given: string
    readonly state: 'given' | 'done' | 'refused' | 'failed' | 'expired'
    readonly reason: string | null
    readonly durationMs: number | null
  }[]
}

export type DecisionView = {
  readonly number: number
  readonly at: string
  readonly kind: string
  readonly what: string
  readonly why: string
  readonly about: readonly string[]
}

export type ProblemView = {
  readonly kind:
    | 'store-failed'
    | 'leaderless'
    | 'in-doubt'
    | 'below-min-isr'
    | 'lost'
    | 'log-fault'
    | 'disk-full'
    | 'broker-down'
    | 'recovering'
    | 'under-replicated'
    | 'stuck'
    | 'refused'
    | 'client-behind'
  readonly harm: number
  readonly cluster: string
  readonly what: string
  readonly params: Readonly<Record<string, string | number | boolean | null>>
  readonly since: string
  readonly about: readonly string[]
}

export type MessagesPage = {
  readonly items: readonly {
    readonly partition: number
    readonly offset: number
    readonly timestamp: string | null
    readonly key:
      | null
      | {
          readonly text: string
          readonly truncated?: boolean
        }
      | {
          readonly base64: string
          readonly truncated?: boolean
        }
    readonly value:
      | null
      | {
          readonly text: string
          readonly truncated?: boolean
        }
      | {
          readonly base64: string
          readonly truncated?: boolean
        }
    readonly headers: readonly {
      readonly name: string
      readonly value:
        | null
        | {
            readonly text: string
            readonly truncated?: boolean
          }
        | {
            readonly base64: string
            readonly truncated?: boolean
          }
    }[]
    readonly headersLeftOut: number
    readonly valueBytes: number
    readonly keyBytes: number
  }[]
  readonly next: string
  readonly scanned: readonly {
    readonly partition: number
    readonly from: number
    readonly to: number
    readonly end: number | null
  }[]
  readonly complete: boolean
  readonly unreadable: readonly {
    readonly partition: number
    readonly from: number
    readonly to: number
    readonly why: string
  }[]
  readonly problem: string | null
}

export type WrittenMessage = {
  readonly partition: number
  readonly offset: number
  readonly timestamp: string
}
