// Where a request goes, as its URL tells, and whether any address could make that right. Looks nothing up.

import { UpstreamFault } from '../gateway/upstream.ts';

export interface Target {
  /** Requests with the same key may share a connection: the same server, reached under the same rule. */
  key: string;
  isTls: boolean;
  /** A name, or an address without brackets. */
  hostname: string;
  port: number;
  /** As the host header names it. */
  host: string;
  /** With the query. */
  path: string;
}

type Rule = { allowPrivateNetwork: boolean };

/** URLs as asked for → targets. They come from the configuration, so these are all; emptied when something makes up more. */
const known = { any: new Map<string, Target>(), public: new Map<string, Target>() } as const;
const MAX_KNOWN = 1_000;

/** Throws `blocked`. */
export function targetOf(text: string, rule: Rule): Target {
  const targets = known[rule.allowPrivateNetwork ? 'any' : 'public'];
  const target = targets.get(text) ?? readTarget(text, rule);
  if (targets.size >= MAX_KNOWN) targets.clear();
  targets.set(text, target);
  return target;
}

function readTarget(text: string, { allowPrivateNetwork }: Rule): Target {
  const url = URL.parse(text);
  if (!url) throw blocked('not a URL');
  if (url.username !== '' || url.password !== '') throw blocked('a user name or password in the URL');
  const isTls = url.protocol === 'https:';
  if (!isTls && url.protocol !== 'http:') throw blocked('neither http nor https');
  if (!isTls && !allowPrivateNetwork) throw blocked('http outside private networks');
  return {
    key: `${allowPrivateNetwork ? 'any' : 'public'} ${url.origin}`,
    isTls,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    host: url.host,
    path: url.pathname + url.search,
  };
}

function blocked(what: string): UpstreamFault {
  return new UpstreamFault('blocked', what, { isSent: false });
}
