// Kafka's error codes: how brokers say what became of a request, and what clients decide by.
//
// Codes, names and whether a retry may help are Kafka 4.3's; the sentences are ours and say what to do, where there
// is something to do.

export interface KafkaError {
  readonly code: number
  readonly name: string
  /** The same request may succeed later, perhaps after asking for fresh metadata. */
  readonly retriable: boolean
  readonly message: string
}

const retry = true
const final = false

// biome-ignore format: a table reads best with a line for each error
const table = {
  UNKNOWN_SERVER_ERROR: [-1, final, 'The broker failed in a way it did not expect; its log says how.'],
  NONE: [0, final, 'No error.'],
  OFFSET_OUT_OF_RANGE: [1, final, 'The partition has no such offset (any more): start from its earliest or latest one.'],
  CORRUPT_MESSAGE: [2, retry, 'The record batch is damaged: its checksum, size or content is wrong.'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, retry, 'This broker has no such topic or partition.'],
  INVALID_FETCH_SIZE: [4, final, 'The fetch asks for an impossible number of bytes.'],
  LEADER_NOT_AVAILABLE: [5, retry, 'The partition has no leader at the moment.'],
  NOT_LEADER_OR_FOLLOWER: [6, retry, 'This broker does not lead the partition: ask for metadata and go to its leader.'],
  REQUEST_TIMED_OUT: [7, retry, 'The request was not done in time; it may still take effect.'],
  BROKER_NOT_AVAILABLE: [8, final, 'The broker is not available.'],
  REPLICA_NOT_AVAILABLE: [9, retry, 'The replica cannot serve this partition at the moment.'],
  MESSAGE_TOO_LARGE: [10, final, 'The batch is larger than max.message.bytes allows: send less at once, or raise it.'],
  STALE_CONTROLLER_EPOCH: [11, final, 'A newer controller is in charge.'],
  OFFSET_METADATA_TOO_LARGE: [12, final, 'The text committed with the offset is too long.'],
  NETWORK_EXCEPTION: [13, retry, 'The connection broke before an answer came.'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, retry, 'The coordinator is still reading its log.'],
  COORDINATOR_NOT_AVAILABLE: [15, retry, 'There is no coordinator at the moment.'],
  NOT_COORDINATOR: [16, retry, 'This broker does not coordinate that group or transaction: find its coordinator again.'],
  INVALID_TOPIC_EXCEPTION: [17, final, 'The topic cannot have this name, or cannot be used for this.'],
  RECORD_LIST_TOO_LARGE: [18, final, 'The batches of the request are larger than a segment of the log.'],
  NOT_ENOUGH_REPLICAS: [19, retry, 'Fewer replicas are in sync than min.insync.replicas asks for: nothing was written.'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [20, retry, 'Written, but fewer replicas have it than min.insync.replicas asks for.'],
  INVALID_REQUIRED_ACKS: [21, final, 'acks must be -1, 0 or 1.'],
  ILLEGAL_GENERATION: [22, final, 'The group is at another generation: join it again.'],
  INCONSISTENT_GROUP_PROTOCOL: [23, final, 'The member shares no assignment protocol with the group.'],
  INVALID_GROUP_ID: [24, final, 'This is no valid group id.'],
  UNKNOWN_MEMBER_ID: [25, final, 'The group does not know this member (any more): join again.'],
  INVALID_SESSION_TIMEOUT: [26, final, 'The session timeout is outside the limits of the broker.'],
  REBALANCE_IN_PROGRESS: [27, final, 'The group is rebalancing: join again.'],
  INVALID_COMMIT_OFFSET_SIZE: [28, final, 'The commit is too large for one record.'],
  TOPIC_AUTHORIZATION_FAILED: [29, final, 'Not allowed on this topic.'],
  GROUP_AUTHORIZATION_FAILED: [30, final, 'Not allowed on this group.'],
  CLUSTER_AUTHORIZATION_FAILED: [31, final, 'Not allowed on this cluster.'],
  INVALID_TIMESTAMP: [32, final, 'The timestamp of a record is outside the limits of the topic.'],
  UNSUPPORTED_SASL_MECHANISM: [33, final, 'The broker does not know this SASL mechanism.'],
  ILLEGAL_SASL_STATE: [34, final, 'Not a request for this step of authentication.'],
  UNSUPPORTED_VERSION: [35, final, 'The broker does not speak this version of the request: ask it for its versions first.'],
  TOPIC_ALREADY_EXISTS: [36, final, 'There is a topic of this name already.'],
  INVALID_PARTITIONS: [37, final, 'A topic cannot have this number of partitions.'],
  INVALID_REPLICATION_FACTOR: [38, final, 'The number of replicas is below 1 or above the number of brokers.'],
  INVALID_REPLICA_ASSIGNMENT: [39, final, 'The replicas cannot be placed as asked.'],
  INVALID_CONFIG: [40, final, 'A setting has an unknown name or a wrong value.'],
  NOT_CONTROLLER: [41, retry, 'This broker cannot make that change at the moment: Castle, who can, does not answer it.'],
  INVALID_REQUEST: [42, final, 'The request contradicts itself, or something in it is missing.'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, final, 'The format of the records does not allow this.'],
  POLICY_VIOLATION: [44, final, 'A policy of this cluster forbids it.'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, final, 'Batches of this producer are missing before this one.'],
  DUPLICATE_SEQUENCE_NUMBER: [46, final, 'This batch was written before, too long ago to say at which offset.'],
  INVALID_PRODUCER_EPOCH: [47, final, 'A newer instance of this producer is at work.'],
  INVALID_TXN_STATE: [48, final, 'The transaction is not in a state for this.'],
  INVALID_PRODUCER_ID_MAPPING: [49, final, 'The producer id does not belong to this transactional id.'],
  INVALID_TRANSACTION_TIMEOUT: [50, final, 'The transaction timeout is above the limit of the broker.'],
  CONCURRENT_TRANSACTIONS: [51, retry, 'The last transaction of this producer is still being finished.'],
  TRANSACTION_COORDINATOR_FENCED: [52, final, 'A newer transaction coordinator is in charge.'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, final, 'Not allowed to use this transactional id.'],
  SECURITY_DISABLED: [54, final, 'Security is not configured on this cluster.'],
  OPERATION_NOT_ATTEMPTED: [55, final, 'Not tried, because another part of the request failed.'],
  KAFKA_STORAGE_ERROR: [56, retry, 'The log of this partition is out of use: its disk failed or its content is damaged.'],
  LOG_DIR_NOT_FOUND: [57, final, 'The broker has no such log folder.'],
  SASL_AUTHENTICATION_FAILED: [58, final, 'Wrong credentials.'],
  UNKNOWN_PRODUCER_ID: [59, final, 'The broker remembers nothing of this producer on this partition.'],
  REASSIGNMENT_IN_PROGRESS: [60, final, 'The partition is being moved.'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, final, 'Delegation tokens are not enabled.'],
  DELEGATION_TOKEN_NOT_FOUND: [62, final, 'There is no such delegation token.'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, final, 'The delegation token belongs to someone else.'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [64, final, 'Delegation tokens cannot be handled over this kind of connection.'],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, final, 'Not allowed to handle this delegation token.'],
  DELEGATION_TOKEN_EXPIRED: [66, final, 'The delegation token has expired.'],
  INVALID_PRINCIPAL_TYPE: [67, final, 'This type of principal is not supported.'],
  NON_EMPTY_GROUP: [68, final, 'The group has members: stop them first.'],
  GROUP_ID_NOT_FOUND: [69, final, 'There is no such group.'],
  FETCH_SESSION_ID_NOT_FOUND: [70, retry, 'The broker does not know this fetch session (any more): start another.'],
  INVALID_FETCH_SESSION_EPOCH: [71, retry, 'The fetch session is at another epoch: start another.'],
  LISTENER_NOT_FOUND: [72, retry, 'The leader has no listener of the kind that this request came by.'],
  TOPIC_DELETION_DISABLED: [73, final, 'Topics cannot be deleted on this cluster.'],
  FENCED_LEADER_EPOCH: [74, retry, 'The request names an older leader epoch than the partition is at: ask for metadata.'],
  UNKNOWN_LEADER_EPOCH: [75, retry, 'The request names a newer leader epoch than this broker has heard of.'],
  UNSUPPORTED_COMPRESSION_TYPE: [76, final, 'The batch is compressed in a way that this version of the request does not allow.'],
  STALE_BROKER_EPOCH: [77, final, 'The broker has registered anew since.'],
  OFFSET_NOT_AVAILABLE: [78, retry, 'The new leader does not yet know how far its log is committed.'],
  MEMBER_ID_REQUIRED: [79, final, 'Join again, with the member id of this answer.'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, retry, 'The preferred leader cannot lead at the moment.'],
  GROUP_MAX_SIZE_REACHED: [81, final, 'The group has as many members as it may have.'],
  FENCED_INSTANCE_ID: [82, final, 'Another member has this instance id now.'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, retry, 'No replica that may lead is available.'],
  ELECTION_NOT_NEEDED: [84, retry, 'The partition is led as it should be.'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, final, 'The partition is not being moved.'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, final, 'The group still consumes this topic: its offsets are kept.'],
  INVALID_RECORD: [87, final, 'A record breaks a rule of its topic, and the batch was refused for it.'],
  UNSTABLE_OFFSET_COMMIT: [88, retry, 'Offsets of an unfinished transaction stand in the way.'],
  THROTTLING_QUOTA_EXCEEDED: [89, retry, 'Too many changes in a short time.'],
  PRODUCER_FENCED: [90, final, 'A newer producer uses the same transactional id.'],
  RESOURCE_NOT_FOUND: [91, final, 'There is no such resource.'],
  DUPLICATE_RESOURCE: [92, final, 'The request names a resource twice.'],
  UNACCEPTABLE_CREDENTIAL: [93, final, 'The new credentials do not meet the rules.'],
  INCONSISTENT_VOTER_SET: [94, final, 'The voters differ from those that are known.'],
  INVALID_UPDATE_VERSION: [95, final, 'The change was made from an outdated version.'],
  FEATURE_UPDATE_FAILED: [96, final, 'The features could not be changed.'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, final, 'The forwarded principal could not be read.'],
  SNAPSHOT_NOT_FOUND: [98, final, 'There is no such snapshot.'],
  POSITION_OUT_OF_RANGE: [99, final, 'The snapshot does not reach to this position.'],
  UNKNOWN_TOPIC_ID: [100, retry, 'This broker knows no topic with this id: ask for metadata.'],
  DUPLICATE_BROKER_REGISTRATION: [101, final, 'Another process runs with this broker id.'],
  BROKER_ID_NOT_REGISTERED: [102, final, 'No broker with this id is registered.'],
  INCONSISTENT_TOPIC_ID: [103, retry, 'The topic has another id here: it was deleted and made again.'],
  INCONSISTENT_CLUSTER_ID: [104, final, 'This is a broker of another cluster.'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, final, 'The transactional id is not known.'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, retry, 'The fetch session mixed topic names and ids: start another.'],
  INELIGIBLE_REPLICA: [107, final, 'The replica may not join the ISR.'],
  NEW_LEADER_ELECTED: [108, final, 'The change of the ISR made another replica the leader.'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, final, 'The offset is in tiered storage now.'],
  FENCED_MEMBER_EPOCH: [110, final, 'The member is at another epoch: give up all partitions and join again.'],
  UNRELEASED_INSTANCE_ID: [111, final, 'The instance id is still in use by a member that has not left.'],
  UNSUPPORTED_ASSIGNOR: [112, final, 'The group knows no assignor of this name.'],
  STALE_MEMBER_EPOCH: [113, final, 'The member has got a newer epoch: heartbeat, then try again with it.'],
  MISMATCHED_ENDPOINT_TYPE: [114, final, 'This request belongs to another kind of endpoint.'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, final, 'This kind of endpoint is not known.'],
  UNKNOWN_CONTROLLER_ID: [116, final, 'There is no such controller.'],
  UNKNOWN_SUBSCRIPTION_ID: [117, final, 'The telemetry subscription is outdated.'],
  TELEMETRY_TOO_LARGE: [118, final, 'The metrics pushed are more than the broker takes.'],
  INVALID_REGISTRATION: [119, final, 'The registration of the broker is not valid.'],
  TRANSACTION_ABORTABLE: [120, final, 'The transaction must be aborted; the producer can go on after that.'],
  INVALID_RECORD_STATE: [121, final, 'The record cannot be acknowledged in its state.'],
  SHARE_SESSION_NOT_FOUND: [122, retry, 'The broker does not know this share session (any more).'],
  INVALID_SHARE_SESSION_EPOCH: [123, retry, 'The share session is at another epoch.'],
  FENCED_STATE_EPOCH: [124, final, 'The state of the share partition is at a newer epoch.'],
  INVALID_VOTER_KEY: [125, final, 'The voter key does not match.'],
  DUPLICATE_VOTER: [126, final, 'The voter is in the set already.'],
  VOTER_NOT_FOUND: [127, final, 'The voter is not in the set.'],
  INVALID_REGULAR_EXPRESSION: [128, final, 'The subscription is no valid regular expression.'],
  REBOOTSTRAP_REQUIRED: [129, final, 'What the client knows of the cluster is outdated: start from the bootstrap addresses.'],
  STREAMS_INVALID_TOPOLOGY: [130, final, 'The topology of the streams application is not valid.'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, final, 'The epoch of the streams topology is not valid.'],
  STREAMS_TOPOLOGY_FENCED: [132, final, 'A newer streams topology is in use.'],
  SHARE_SESSION_LIMIT_REACHED: [133, retry, 'The broker has as many share sessions as it takes.'],
} as const satisfies Record<string, readonly [number, boolean, string]>

export type KafkaErrorName = keyof typeof table

/** By name: `errors.NOT_LEADER_OR_FOLLOWER.code`. */
export const errors = Object.fromEntries(
  Object.entries(table).map(([name, [code, retriable, message]]) => [name, { code, name, retriable, message }]),
) as { readonly [Name in KafkaErrorName]: KafkaError & { readonly code: (typeof table)[Name][0]; readonly name: Name } }

const byCode = new Map<number, KafkaError>(Object.values(errors).map((error) => [error.code, error]))

/** The error of a code; one that we do not know is taken as UNKNOWN_SERVER_ERROR with its own number. */
export function errorOf(code: number): KafkaError {
  const known = byCode.get(code)
  if (known !== undefined) return known
  return { code, name: `UNKNOWN_ERROR_${code}`, retriable: false, message: 'An error code newer than this program.' }
}
