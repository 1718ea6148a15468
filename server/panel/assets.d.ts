// Shape of assets.js, which `embed.ts` writes from the built panel; the file itself is not checked in.

export interface PanelAsset {
  contentType: string;
  /** Quoted, strong. */
  etag: string;
  /** The name holds a hash of the content, so it may be cached for ever. */
  isHashed: boolean;
  /** Base64 of the content, gzipped when `isGzipped`. */
  body: string;
  isGzipped: boolean;
}

/** By path, such as `/assets/index-abc.js`. */
export const assets: Readonly<Record<string, PanelAsset>>;

/** The panel's GraphQL documents by `sha256:` and the digest of their text in hex. Absent in a file of an older build. */
export const documents: Readonly<Record<string, string>> | undefined;
