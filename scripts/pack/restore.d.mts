/** The package's own package.json while the users' stands in its place. */
export const workspaceManifest: string

/** Puts it back into `home`, the package's folder. */
export function restore(home: string): void
