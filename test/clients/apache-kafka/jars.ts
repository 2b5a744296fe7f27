// The class path of Apache Kafka and its tools, from Maven Central: fetched once, then taken from Maven's own folder, offline.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathOf, root } from '../../processes/index.ts'

const pom = join(import.meta.dirname, 'pom.xml')
const fetchMs = 300_000

/** Why Apache Kafka cannot run here, as a sentence; undefined when it can. */
export function javaMissing(): string | undefined {
  const missing = (['Java', 'Maven'] as const).filter((tool) => pathOf(tool) === undefined)
  return missing.length === 0 ? undefined : `Apache Kafka needs ${missing.join(' and ')}`
}

let classPath: string | undefined

/** What `java -cp` takes. The first call on a machine downloads for a while; throws when Maven can neither find nor fetch a jar. */
export function kafkaClassPath(): string {
  classPath ??= rememberedClassPath() ?? askMaven()
  return classPath
}

/** Asking Maven takes seconds, so its answer is kept for as long as pom.xml does not change and the jars are there. */
function rememberedClassPath(): string | undefined {
  const file = memory()
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  return text !== '' && text.split(':').every((jar) => existsSync(jar)) ? text : undefined
}

function askMaven(): string {
  const file = memory()
  mkdirSync(dirname(file), { recursive: true })
  const goal = ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${file}`]
  try {
    execFileSync('mvn', ['-o', ...goal], { stdio: 'pipe', timeout: fetchMs })
  } catch (offline) {
    try {
      execFileSync('mvn', goal, { stdio: 'pipe', timeout: fetchMs })
    } catch (cause) {
      throw new Error('Maven could not fetch Apache Kafka: check its access to Maven Central', {
        cause: [offline, cause],
      })
    }
  }
  return readFileSync(file, 'utf8')
}

function memory(): string {
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  return join(root, 'node_modules', '.cache', 'castellan', `apache-kafka-${version}.classpath`)
}
