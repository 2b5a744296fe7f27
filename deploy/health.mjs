// The health check of the container: exit code 0 when the process answers that it is well. A broker's container names the
// address of its `metrics.listen`: CASTELLAN_HEALTH_URL=http://127.0.0.1:9100/health.
const url = process.env.CASTELLAN_HEALTH_URL ?? 'http://127.0.0.1:8600/api/health'

try {
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  if (!ok) console.error(`${url} answers ${status}`)
  process.exitCode = ok ? 0 : 1
} catch (error) {
  console.error(`${url} does not answer: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
