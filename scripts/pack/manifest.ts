// The package.json that users get, made from the workspace's own: that one names TypeScript files and workspace packages.

export interface SourceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  /** './kafka': './kafka/index.ts' */
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  /** What the registry shows; the same for source and package. */
  readonly keywords?: readonly string[]
}

/** The name of the output files of an export: './kafka' -> 'kafka'. */
export function entryName(subPath: string): string {
  return subPath === '.' ? 'index' : subPath.slice('./'.length).replaceAll('/', '-')
}

/**
 * `dependencies` are the packages that the code loads, and `versions` those that the workspace is tested with. A user may get a newer
 * one of the same major version (a fix of `ws` must not wait for us), never an older one. A package of ours, which is not in the bundle, is a
 * peer of the same version: a service has it already, and two of it would be two kinds of CastellanError.
 * `code` is the folder of the code within the package: './' or './dist/'.
 */
export function manifestFor(
  source: SourceManifest,
  dependencies: readonly string[],
  versions: Readonly<Record<string, string>>,
  code: string,
): Record<string, unknown> {
  const exports = Object.keys(source.exports).map((subPath) => {
    const name = entryName(subPath)
    const faces = {
      import: { types: `${code}${name}.d.mts`, default: `${code}${name}.mjs` },
      require: { types: `${code}${name}.d.cts`, default: `${code}${name}.cjs` },
    }
    return [subPath, faces]
  })
  const ours = dependencies.filter((name) => name.startsWith('@castellan/'))
  const theirs = dependencies.filter((name) => !ours.includes(name))
  return {
    name: source.name,
    version: source.version,
    description: source.description,
    keywords: source.keywords,
    license: source.license,
    type: 'commonjs',
    engines: { node: '>=20' },
    main: `${code}index.cjs`,
    types: `${code}index.d.cts`,
    ...(code === './' ? {} : { files: [code] }),
    exports: { ...Object.fromEntries(exports), './package.json': './package.json' },
    sideEffects: false,
    dependencies: Object.fromEntries(theirs.map((name) => [name, `^${versionOf(name, versions)}`])),
    ...(ours.length === 0
      ? {}
      : { peerDependencies: Object.fromEntries(ours.map((name) => [name, versionOf(name, versions)])) }),
  }
}

function versionOf(name: string, versions: Readonly<Record<string, string>>): string {
  const version = versions[name]
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`the code loads ${name}, but no package of the workspace pins it (found: ${version ?? 'nothing'})`)
  }
  return version
}
