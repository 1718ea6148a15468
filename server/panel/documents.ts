// The GraphQL documents of the panel that was embedded at build time, by their id.

/** Empty when the panel has not been built: the one of the development server sends its documents as text. */
export async function panelDocuments(): Promise<ReadonlyMap<string, string>> {
  try {
    return new Map(Object.entries((await import('./assets.js')).documents ?? {}));
  } catch {
    // A fresh checkout has no such file.
    return new Map();
  }
}
