// Whether the caller's API key reaches so far: address, surface, model, provider, rates and money. Sends nothing.

import type { Surface } from '../wire/surface.ts';
import type { Candidate } from './catalog.ts';
import { clientAddress, isAllowedAddress } from './client-address.ts';
import type { Exchange } from './exchange.ts';
import type { Caller } from './identity.ts';
import { limitHeaders } from './key-headers.ts';
import { addressRefused, modelRefused, providersRefused, surfaceRefused } from './key-refusals.ts';
import type { KeyUsage } from './key-usage.ts';
import type { ApiKey, Model } from './ports.ts';

/** Bytes of a prompt per token, roughly; what a reply takes is not known before it has come. */
const BYTES_PER_TOKEN = 4;

/** Throws GatewayError `address-not-allowed`. */
export function refuseAddress({ caller, request, peer, catalog }: Exchange): void {
  const key = keyOf(caller);
  if (!key || key.allowedIps === null) return;
  const forwardedFor = request.headers.get('x-forwarded-for');
  const address = clientAddress(peer, forwardedFor, catalog.settings.trustedProxies);
  if (!isAllowedAddress(address, key.allowedIps)) throw addressRefused(address);
}

/**
 * Counts the request with its key, until the exchange is settled. Throws GatewayError when the key may not use the
 * surface or one of its limits is reached.
 */
export function takeKeyPlace(exchange: Exchange, { keyUsage }: { keyUsage: KeyUsage }): void {
  const { caller, operation, surface } = exchange;
  const key = keyOf(caller);
  if (!key) return;
  refuseSurface(caller, surface);
  const isBilled = operation.kind === 'generate' || operation.kind === 'embed';
  try {
    exchange.keyPlace = keyUsage.enter(key, { isBilled });
    exchange.releases.push(exchange.keyPlace.release);
  } finally {
    exchange.limitHeaders = limitHeaders(exchange, { key, keyUsage });
  }
}

/** Throws GatewayError `key-tokens-exceeded` when the minute has been used up while the body came. */
export function expectTokens({ keyPlace }: Exchange, bodyBytes: number): void {
  keyPlace?.expectTokens(Math.ceil(bodyBytes / BYTES_PER_TOKEN));
}

/** Throws GatewayError `surface-not-allowed`. */
export function refuseSurface(caller: Caller, surface: Surface): void {
  if (!allowsSurface(caller, surface)) throw surfaceRefused(surface, keyOf(caller)?.allowedSurfaces ?? []);
}

export function allowsSurface(caller: Caller, surface: Surface): boolean {
  return keyOf(caller)?.allowedSurfaces?.includes(surface) ?? true;
}

export function allowsProvider(caller: Caller, providerId: string): boolean {
  return keyOf(caller)?.allowedProviderIds?.includes(providerId) ?? true;
}

/** The candidates that the caller may be sent to; all of them for most callers. */
export function allowedOf(caller: Caller, candidates: readonly Candidate[]): readonly Candidate[] {
  const key = keyOf(caller);
  if (!key || (key.allowedModelIds === null && key.allowedProviderIds === null)) return candidates;
  return candidates.filter(
    ({ model, provider }) =>
      (key.allowedModelIds?.includes(model.id) ?? true) &&
      (key.allowedProviderIds?.includes(provider.id) ?? true),
  );
}

/** The same, where none is a refusal; `known` are the names that the caller may ask for. */
export function requireAllowed(
  caller: Caller,
  { model, candidates, known }: { model: Model; candidates: readonly Candidate[]; known: () => string[] },
): readonly Candidate[] {
  const allowed = allowedOf(caller, candidates);
  if (allowed.length > 0) return allowed;
  const isModelAllowed = keyOf(caller)?.allowedModelIds?.includes(model.id) ?? true;
  throw isModelAllowed ? providersRefused(`model "${model.name}"`) : modelRefused(model.name, known());
}

function keyOf(caller: Caller): ApiKey | null {
  return caller.kind === 'api-key' ? caller.apiKey : null;
}
