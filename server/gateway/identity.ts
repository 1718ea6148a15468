// Who is calling and which conversation this is: the key under which a binding is kept. Never crosses tenants.

import { hash } from 'node:crypto';
import type { SessionSignal } from '../wire/session-signal.ts';
import type { Surface } from '../wire/surface.ts';
import type { AffinityScope, ApiKey } from './ports.ts';

/** The caller. `anonymous` only where keys are not required; `fingerprint` tells unknown credentials apart. */
export type Caller = { kind: 'api-key'; apiKey: ApiKey } | { kind: 'anonymous'; fingerprint: string | null };

/** What a binding is kept for. */
export interface AffinityIdentity {
  /** Digest of tenant, surface, model and session; the binding's key. */
  key: string;
  /** Digest-free tenant: bindings of one tenant are never offered to another. */
  tenant: string;
  apiKeyId: string | null;
  userId: string | null;
  sessionId: string | null;
  modelId: string;
  surface: Surface;
  scope: AffinityScope;
}

/**
 * The identity to bind under, or null when the caller gives nothing to tell one conversation from another: an
 * anonymous caller without a session signal would share one binding with every other.
 */
export function affinityIdentity(
  caller: Caller,
  request: { modelId: string; surface: Surface; scope: AffinityScope; sessionId: string | null },
): AffinityIdentity | null {
  const isKnown = caller.kind === 'api-key';
  const sessionId = request.scope === 'session' ? request.sessionId : null;
  if (!isKnown && sessionId === null) return null;
  const tenant = tenantOf(caller);
  return {
    key: digest([tenant, request.scope, request.surface, request.modelId, sessionId ?? '']),
    tenant,
    apiKeyId: isKnown ? caller.apiKey.id : null,
    userId: isKnown ? caller.apiKey.userId : null,
    sessionId,
    modelId: request.modelId,
    surface: request.surface,
    scope: request.scope,
  };
}

/** A client's session value as it is stored: hashed together with its tenant, so that it says nothing elsewhere. */
export function hashSession(caller: Caller, signal: SessionSignal): string {
  return digest([tenantOf(caller), signal.kind, signal.value]).slice(0, 32);
}

/** Whose bindings these are: nobody else is ever offered them. */
export function tenantOf(caller: Caller): string {
  return caller.kind === 'api-key'
    ? tenantOfApiKey(caller.apiKey.id)
    : `anonymous:${caller.fingerprint ?? ''}`;
}

/** The tenant of a caller of whom only the stored API key id is at hand; null = anonymous. */
export function tenantOfApiKey(apiKeyId: string | null): string {
  return apiKeyId === null ? 'anonymous:' : `key:${apiKeyId}`;
}

/** SHA-256 over length-prefixed parts, so that no two lists of parts give the same text. */
function digest(parts: readonly string[]): string {
  let text = '';
  for (const part of parts) text += `${part.length}:${part}`;
  return hash('sha256', text);
}
