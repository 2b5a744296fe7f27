// The version of this SDK, as Castle, brokers and people see it. package.json is where it is written; the packed bundle takes it in.
import manifest from './package.json' with { type: 'json' }

export const release: string = manifest.version
