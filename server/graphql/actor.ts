// Who sent a request to the admin API: an admin token, a panel session, an API key about its own rows, or nobody.

import { hashSecret } from '../auth/api-keys.ts';
import { areSecretsEqual } from '../auth/sessions.ts';
import type { AdminToken } from '../gateway/admin-store.ts';
import { clientAddress, isAllowedAddress } from '../gateway/client-address.ts';
import { keyStateOf } from '../gateway/key-restrictions.ts';
import type { ApiKey } from '../gateway/ports.ts';
import { cookieRule, cookieToken } from './cookies.ts';
import type { AdminParts, Connection, Login, Visitor } from './parts.ts';

type IdentityParts = Pick<AdminParts, 'sessions' | 'adminTokens' | 'adminToken' | 'catalog' | 'clock'>;
type Identified = Pick<Visitor, 'actor' | 'session' | 'login'>;

const NOBODY: Identified = { actor: null, session: null, login: null };
/** As often shown as the API takes it; a client that sends a user name gets what follows it. */
const BEARER = /^bearer +(\S+)$/i;

/** A request that presents a bearer token is judged by that alone. */
export async function identifyVisitor(
  request: Request,
  { parts, connection }: { parts: IdentityParts; connection: Connection },
): Promise<Visitor> {
  const rule = cookieRule(request, connection.isLoopback);
  const presented = cookieToken(request.headers.get('cookie'), rule);
  const authorization = request.headers.get('authorization');
  const identified =
    authorization === null
      ? await bySession(presented, parts)
      : await byToken({ request, authorization, connection }, parts);
  return { ...identified, cookieToken: presented, cookieRule: rule, setCookies: [] };
}

async function bySession(cookie: string | null, { sessions }: IdentityParts): Promise<Identified> {
  const session = cookie === null ? null : await sessions.verify(cookie);
  if (!session) return NOBODY;
  const { hash, name, role } = session;
  return {
    actor: { kind: 'panel', name, role, apiKeyId: null },
    session,
    login: {
      id: hash,
      isLive: () => sessions.isLive(hash),
      onEnd: (listener) => sessions.onEnd(hash, listener),
    },
  };
}

interface Presented {
  request: Request;
  authorization: string;
  connection: Connection;
}

async function byToken(presented: Presented, parts: IdentityParts): Promise<Identified> {
  const { authorization } = presented;
  const secret = BEARER.exec(authorization.trim())?.[1];
  if (secret === undefined) return NOBODY;
  if (parts.adminToken && areSecretsEqual(secret, parts.adminToken)) {
    const actor = { kind: 'admin-token', name: 'admin-token', role: 'admin', apiKeyId: null } as const;
    return { ...NOBODY, actor };
  }
  const token = await parts.adminTokens.verify(secret);
  if (token) return byAdminToken(token, parts);
  const apiKey = parts.catalog.current.apiKeyByHash.get(hashSecret(secret));
  return apiKey ? byApiKey(apiKey, presented, parts) : NOBODY;
}

function byAdminToken({ name, role, hash }: AdminToken, { adminTokens }: IdentityParts): Identified {
  const login: Login = {
    id: hash,
    isLive: () => adminTokens.isLive(hash),
    onEnd: (listener) => adminTokens.onEnd(hash, listener),
  };
  return { ...NOBODY, actor: { kind: 'admin-token', name, role, apiKeyId: null }, login };
}

function byApiKey({ id, name }: ApiKey, presented: Presented, { catalog, clock }: IdentityParts): Identified {
  const address = addressOf(presented, catalog.current.settings.trustedProxies);
  // What ends a key for the models, or keeps it to some addresses, does so here.
  const isLive = () => {
    const current = catalog.current.apiKeys.get(id);
    return (
      current !== undefined &&
      keyStateOf(current, clock.nowMs()) === 'active' &&
      isAllowedAddress(address, current.allowedIps)
    );
  };
  if (!isLive()) return NOBODY;
  return {
    ...NOBODY,
    actor: { kind: 'api-key', name, role: 'own', apiKeyId: id },
    // Asked now and then; the catalogue tells nobody of its changes.
    login: { id: `api-key:${id}`, isLive: () => Promise.resolve(isLive()), onEnd: () => () => undefined },
  };
}

function addressOf({ request, connection }: Presented, trustedProxies: readonly string[]): string | null {
  const peer = { remoteAddress: connection.remoteAddress ?? null };
  return clientAddress(peer, request.headers.get('x-forwarded-for'), trustedProxies);
}
