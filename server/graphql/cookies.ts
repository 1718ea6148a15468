// The session cookie: its name and attributes, by how the browser reached us.
//
// Everywhere it is `__Host-warmpath`, which browsers only keep with Secure, Path=/ and no Domain, so that neither a
// subdomain nor plain http can plant one. A browser on this very machine over plain http gets a second one beside it:
// Chromium and Firefox keep Secure cookies from http://localhost, Safari does not, and `__Host-` without Secure is void.
// That one is `warmpath-session` without Secure; it never leaves the machine.

import { ABSOLUTE_LIFETIME_MS } from '../auth/sessions.ts';
import type { CookieRule } from './parts.ts';

const HOST_NAME = '__Host-warmpath';
const LOOPBACK_NAME = 'warmpath-session';
const ATTRIBUTES = 'HttpOnly; SameSite=Strict; Path=/';

/** How a cookie set in answer to the request must look. `isLoopback`: the connection comes from this machine. */
export function cookieRule(request: Request, isLoopback: boolean): CookieRule {
  const url = new URL(request.url);
  const origin = originUrl(request.headers.get('origin'));
  // A proxy in front may speak https to the browser and http to us; the browser's Origin says what it sees.
  if (url.protocol === 'https:' || origin?.protocol === 'https:') return 'secure';
  const host = origin?.hostname ?? url.hostname;
  if (isLoopbackName(host)) return isLoopback ? 'loopback-http' : 'secure';
  return origin ? 'refused' : 'secure';
}

export function sessionCookies(token: string, rule: CookieRule): string[] {
  const maxAge = `Max-Age=${ABSOLUTE_LIFETIME_MS / 1000}`;
  const host = `${HOST_NAME}=${token}; ${ATTRIBUTES}; Secure; ${maxAge}`;
  return rule === 'loopback-http' ? [host, `${LOOPBACK_NAME}=${token}; ${ATTRIBUTES}; ${maxAge}`] : [host];
}

/** Takes the cookie away, under either name: the browser may have reached us both ways. */
export function expiredCookies(rule: CookieRule): string[] {
  const host = `${HOST_NAME}=; ${ATTRIBUTES}; Secure; Max-Age=0`;
  return rule === 'loopback-http' ? [host, `${LOOPBACK_NAME}=; ${ATTRIBUTES}; Max-Age=0`] : [host];
}

/** The session token of a `Cookie` header, or null. The unprotected name counts, and counts first, where it is given out. */
export function cookieToken(header: string | null, rule: CookieRule): string | null {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  const named = (name: string) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return (rule === 'loopback-http' && named(LOOPBACK_NAME)) || named(HOST_NAME) || null;
}

function isLoopbackName(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname) ||
    hostname.endsWith('.localhost')
  );
}

/** Null for an absent, opaque (`null`) or broken Origin. */
export function originUrl(origin: string | null): URL | null {
  return origin !== null && URL.canParse(origin) ? new URL(origin) : null;
}
