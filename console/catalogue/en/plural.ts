const counts = new Intl.NumberFormat('en')

/** '1 broker', '2 brokers', '1,200 messages'; `many` where it is not just an s. */
export function n(count: number, one: string, many = `${one}s`): string {
  return `${counts.format(count)} ${count === 1 ? one : many}`
}
