// Who sent a request to the admin API: the admin token, a panel session, or nobody.

import { areSecretsEqual } from '../auth/sessions.ts';
import { cookieRule, cookieToken } from './cookies.ts';
import type { AdminParts, Visitor } from './parts.ts';

/** A request that presents a bearer token is judged by that alone. */
export async function identifyVisitor(
  request: Request,
  { parts, isLoopback }: { parts: Pick<AdminParts, 'sessions' | 'adminToken'>; isLoopback: boolean },
): Promise<Visitor> {
  const rule = cookieRule(request, isLoopback);
  const presented = cookieToken(request.headers.get('cookie'), rule);
  const visitor: Visitor = {
    actor: null,
    session: null,
    cookieToken: presented,
    cookieRule: rule,
    setCookies: [],
  };
  const authorization = request.headers.get('authorization');
  if (authorization !== null) {
    const isAdmin = isAdminToken(authorization, parts.adminToken);
    return { ...visitor, actor: isAdmin ? 'admin-token' : null };
  }
  const session = presented === null ? null : await parts.sessions.verify(presented);
  return { ...visitor, session, actor: session ? 'panel' : null };
}

function isAdminToken(authorization: string, adminToken: string | null): boolean {
  const token = /^bearer +(\S+)$/i.exec(authorization.trim())?.[1];
  if (token === undefined || adminToken === null || adminToken === '') return false;
  return areSecretsEqual(token, adminToken);
}
