// Which way requests leave: the gateway's own client, or through the proxy that the environment names.

import type { Upstream } from '../gateway/upstream.ts';
import { createUpstream } from '../upstream/client.ts';
import { upstreamOfFetch } from '../upstream/fetch-upstream.ts';
import { logEvent } from './log.ts';

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/**
 * Behind a proxy the runtime's own client is used, which knows proxies and `NO_PROXY`; the proxy then looks up the names,
 * and addresses can be checked only as far as the configuration spells them out. Providers on a private network are
 * called directly: no proxy leads there.
 */
export function wayOut(env: NodeJS.ProcessEnv): Upstream {
  const direct = createUpstream().send;
  const proxy = PROXY_VARIABLES.find((name) => env[name]);
  if (!proxy) return direct;
  logEvent('info', 'proxy', {
    message: `Requests to public providers leave through the proxy named by ${proxy}`,
  });
  const proxied = upstreamOfFetch((url, init) => fetch(url, init));
  return (request) => (request.allowPrivateNetwork ? direct(request) : proxied(request));
}
