// Opaque global ids: base64url of `Type:id`. Arguments also take the bare id of the database.

import { fromBase64url, toBase64url } from './base64url.ts';

/** Types that have global ids. */
const NODE_TYPES = new Set([
  'Account',
  'AdminToken',
  'Affinity',
  'ApiKey',
  'Endpoint',
  'Model',
  'ModelMapping',
  'Provider',
  'RequestLog',
  'User',
]);

export function encodeGlobalId(typename: string, id: string): string {
  return toBase64url(`${typename}:${id}`);
}

/** Null when the text is not a global id. */
export function decodeGlobalId(text: string): { typename: string; id: string } | null {
  const decoded = fromBase64url(text);
  const colon = decoded?.indexOf(':') ?? -1;
  if (decoded === null || colon < 0) return null;
  const typename = decoded.slice(0, colon);
  return NODE_TYPES.has(typename) ? { typename, id: decoded.slice(colon + 1) } : null;
}

/** The database id in an ID argument that names one `typename`; '' (which nothing has) when it names another type. */
export function rawId(typename: string, text: string): string {
  const decoded = decodeGlobalId(text);
  if (!decoded) return text;
  return decoded.typename === typename ? decoded.id : '';
}
