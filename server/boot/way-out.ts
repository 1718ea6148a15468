// Which way requests leave: the gateway's own client, or through the proxy that the environment names.

import type { Upstream } from '../gateway/upstream.ts';
import { createUpstream } from '../upstream/client.ts';
import { upstreamOfFetch } from '../upstream/fetch-upstream.ts';
import { logEvent } from './log.ts';

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/**
 * Behind a proxy the runtime's own client is used, which knows proxies and `NO_PROXY`. The proxy then looks up the names:
 * addresses can be checked only as far as the configuration spells them out.
 */
export function wayOut(env: NodeJS.ProcessEnv): Upstream {
  const proxy = PROXY_VARIABLES.find((name) => env[name]);
  if (!proxy) return createUpstream().send;
  logEvent('info', 'proxy', { message: `Requests leave through the proxy named by ${proxy}` });
  return upstreamOfFetch((url, init) => fetch(url, init));
}
