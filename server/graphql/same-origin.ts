// Keeps other web sites from using a browser's session: no form posts, no cross-site mutations or streams.

import { originUrl } from './cookies.ts';

/** Any value will do: a page of another site cannot set it without a preflight, which is never granted. */
const CSRF_HEADERS = ['authorization', 'x-graphql-yoga-csrf', 'x-requested-with'];

/** Why the request is refused, or null. */
export function crossSiteProblem(request: Request): string | null {
  const { headers, method } = request;
  // Without a document there is nothing to run, only the development page to show.
  if (method === 'GET' && !namesDocument(new URL(request.url))) return null;
  if (!needsPreflight(headers)) {
    return `Cannot answer: send content-type application/json, or one of the headers ${CSRF_HEADERS.join(', ')}`;
  }
  const wantsStream = headers.get('accept')?.includes('text/event-stream') ?? false;
  if (method === 'GET' && !wantsStream) return null;
  return foreignOriginProblem(request);
}

/** Why the request is refused whatever it asks for, or null. */
export function foreignOriginProblem(request: Request): string | null {
  return isSameOrigin(request) ? null : 'Cannot answer: the request comes from another site';
}

function namesDocument({ searchParams }: URL): boolean {
  return ['query', 'documentId', 'extensions'].some((name) => searchParams.has(name));
}

/** Browsers send these across sites only after asking with OPTIONS. */
function needsPreflight(headers: Headers): boolean {
  const contentType = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  return contentType === 'application/json' || CSRF_HEADERS.some((name) => headers.has(name));
}

/** Without either header it is not a browser. `Sec-Fetch-Site` is the browser's own word, so it decides when present. */
function isSameOrigin({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = headers.get('origin');
  return origin === null || originUrl(origin)?.host === (headers.get('host') ?? new URL(url).host);
}
