// Serves the built panel with its security headers. Knows nothing of the API and no runtime; assets come embedded.

import type { PanelAsset } from './assets.d.ts';

/** Answers a request for the panel; null when the path is not of the panel. */
export type Panel = (request: Request) => Response | null;

/**
 * Scripts and styles only from here, nothing inline but the style attributes that positioned menus and bars need; no
 * frames around it, no other origin.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};

const ONE_YEAR = 'public, max-age=31536000, immutable';

/** The screens of the panel's own router. */
const SCREENS = new Set([
  '/',
  '/requests',
  '/affinities',
  '/cache',
  '/ttl',
  '/models',
  '/accounts',
  '/keys',
  '/lab',
  '/alerts',
  '/audit',
  '/settings',
  '/explorer',
  '/start',
]);
/** Paths of the APIs: an unknown one there is an error for a program, not a page for a person. */
const API_PATH = /^\/(v1|v1beta|graphql)(\/|$)/;

const NOT_BUILT = 'The panel is not built. Run "npm run build" and start again; the API works without it.\n';

/** The panel that was embedded at build time; without one it says so instead of failing. */
export async function createPanel(): Promise<Panel> {
  return panelOf(await loadAssets());
}

/** Serves these assets; null = the panel has not been built. */
export function panelOf(assets: Readonly<Record<string, PanelAsset>> | null): Panel {
  if (!assets) return serveNotBuilt;
  const loaded = new Map(
    Object.entries(assets).map(([path, asset]) => [path, { ...asset, body: decode(asset.body) }]),
  );
  return (request) => serve(request, loaded);
}

interface LoadedAsset extends Omit<PanelAsset, 'body'> {
  body: Uint8Array<ArrayBuffer>;
}
type LoadedAssets = ReadonlyMap<string, LoadedAsset>;

async function loadAssets(): Promise<Readonly<Record<string, PanelAsset>> | null> {
  try {
    return (await import('./assets.js')).assets;
  } catch {
    // A fresh checkout has no such file.
    return null;
  }
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function serve(request: Request, assets: LoadedAssets): Response | null {
  if (!isRead(request)) return null;
  const { pathname } = new URL(request.url);
  const index = assets.get('/index.html');
  const asset = pathname === '/index.html' ? undefined : assets.get(pathname);
  if (asset) return respond(request, asset, 200);
  if (!index || !isPage(request, pathname)) return null;
  return respond(request, index, SCREENS.has(trimmed(pathname)) ? 200 : 404);
}

/** Screens of the router for whoever takes HTML; the page also for a person's mistyped address, which it says is none. */
function isPage(request: Request, pathname: string): boolean {
  const accept = request.headers.get('accept') ?? '*/*';
  if (SCREENS.has(trimmed(pathname))) return accept.includes('text/html') || accept.includes('*/*');
  const lastSegment = pathname.slice(pathname.lastIndexOf('/') + 1);
  return accept.includes('text/html') && !API_PATH.test(pathname) && !lastSegment.includes('.');
}

function trimmed(pathname: string): string {
  return pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
}

function respond(request: Request, asset: LoadedAsset, status: number): Response {
  const isIndex = asset.contentType.startsWith('text/html');
  const headers = new Headers({
    ...SECURITY_HEADERS,
    'content-type': asset.contentType,
    'cache-control': isIndex ? 'no-store' : asset.isHashed ? ONE_YEAR : 'no-cache',
    etag: asset.etag,
    vary: 'accept-encoding',
  });
  if (status === 200 && matchesEtag(request, asset.etag)) return new Response(null, { status: 304, headers });
  const isSentGzipped = asset.isGzipped && acceptsGzip(request);
  if (isSentGzipped) headers.set('content-encoding', 'gzip');
  if (isSentGzipped || !asset.isGzipped) headers.set('content-length', String(asset.body.byteLength));
  if (request.method === 'HEAD') return new Response(null, { status, headers });
  return new Response(isSentGzipped || !asset.isGzipped ? asset.body : inflated(asset.body), {
    status,
    headers,
  });
}

function inflated(body: Uint8Array<ArrayBuffer>): ReadableStream {
  return new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip'));
}

/** `gzip` as a coding of its own and not switched off by `q=0`. */
function acceptsGzip(request: Request): boolean {
  const codings = (request.headers.get('accept-encoding') ?? '').toLowerCase().split(',');
  return codings.some((coding) => /^\s*gzip\s*(;|$)/.test(coding) && !/;\s*q=0(\.0+)?\s*$/.test(coding));
}

function matchesEtag(request: Request, etag: string): boolean {
  const tags = (request.headers.get('if-none-match') ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag);
}

function serveNotBuilt(request: Request): Response | null {
  const { pathname } = new URL(request.url);
  if (!isRead(request) || !SCREENS.has(trimmed(pathname))) return null;
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  };
  return new Response(request.method === 'HEAD' ? null : NOT_BUILT, { status: 503, headers });
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}
