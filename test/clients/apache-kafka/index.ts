// Apache Kafka for tests and benchmarks: a broker, its performance tools, its client's code.
export { ApacheKafka, type ApacheKafkaOptions } from './broker.ts'
export { ApacheKafkaCluster } from './cluster.ts'
export { cpuSeconds, withCpuSeconds } from './cpu.ts'
export { javaMissing, kafkaClassPath } from './jars.ts'
export { type JavaOptions, JavaProcess } from './java.ts'
export {
  type ConsumeResult,
  type ConsumeRun,
  type ProduceResult,
  type ProduceRun,
  runConsumer,
  runProducer,
} from './perf.ts'
