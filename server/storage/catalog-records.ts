// Entities of the catalogue as rows of their tables and back. Field by field, so that nothing unknown reaches a column.

import type { Model, ModelMapping, ModelPrice, Provider, Settings, User } from '../gateway/ports.ts';
import { type AccountRow, type ApiKey, DEFAULT_SETTINGS, type Endpoint } from '../gateway/ports.ts';
import {
  type AccountRecord,
  type ApiKeyRecord,
  flag,
  type MappingRecord,
  type ModelRecord,
  type ProviderRecord,
} from './database.ts';

export function providerRecord({ id, name, allowPrivateNetwork }: Provider): ProviderRecord {
  return { id, name, allowPrivateNetwork: flag(allowPrivateNetwork) };
}

export function providerOf(record: ProviderRecord): Provider {
  return { ...record, allowPrivateNetwork: record.allowPrivateNetwork === 1 };
}

export function endpointRecord({ id, providerId, name, surface, baseUrl }: Endpoint): Endpoint {
  return { id, providerId, name, surface, baseUrl };
}

export function accountRecord(row: AccountRow): AccountRecord {
  return {
    id: row.id,
    providerId: row.providerId,
    name: row.name,
    weight: row.weight,
    maxConcurrent: row.maxConcurrent,
    cacheTtlMinutes: row.cacheTtlMinutes,
    rateMultiplier: row.rateMultiplier,
    usdPerCredit: row.usdPerCredit,
    cacheDomain: row.cacheDomain,
    isPaused: flag(row.isPaused),
    disabledReason: row.disabledReason,
    credentialLast4: row.credentialLast4,
    credentialFingerprint: row.credentialFingerprint,
    credentialOrigins: JSON.stringify(row.credentialOrigins),
    sealedCredential: row.sealedCredential,
  };
}

export function accountOf(record: AccountRecord): AccountRow {
  return {
    ...record,
    isPaused: record.isPaused === 1,
    credentialOrigins: JSON.parse(record.credentialOrigins),
  };
}

export function modelRecord({ id, name, displayName, price, routePolicy, routeProfile }: Model): ModelRecord {
  return {
    id,
    name,
    displayName,
    price: price === null ? null : JSON.stringify(price),
    routePolicy,
    routeProfile,
  };
}

export function modelOf(record: ModelRecord): Model {
  return { ...record, price: record.price === null ? null : priceOf(record.price) };
}

/** Prices were stored without tiers before there were any. */
function priceOf(json: string): ModelPrice {
  return { tiers: [], ...JSON.parse(json) };
}

export function mappingRecord({
  id,
  providerId,
  modelId,
  upstreamModel,
  aliases,
}: ModelMapping): MappingRecord {
  return { id, providerId, modelId, upstreamModel, aliases: JSON.stringify(aliases) };
}

export function mappingOf(record: MappingRecord): ModelMapping {
  return { ...record, aliases: JSON.parse(record.aliases) };
}

export function userRecord({ id, username, email }: User): User {
  return { id, username, email };
}

export function apiKeyRecord(row: ApiKey): ApiKeyRecord {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    masked: row.masked,
    userId: row.userId,
    isEnabled: flag(row.isEnabled),
    createdAtMs: row.createdAtMs,
    expiresAtMs: row.expiresAtMs,
    revokedAtMs: row.revokedAtMs,
    allowedModelIds: listJson(row.allowedModelIds),
    allowedProviderIds: listJson(row.allowedProviderIds),
    allowedSurfaces: listJson(row.allowedSurfaces),
    allowedIps: listJson(row.allowedIps),
    requestsPerMinute: row.requestsPerMinute,
    tokensPerMinute: row.tokensPerMinute,
    maxConcurrent: row.maxConcurrent,
    budgetUsdPerDay: row.budgetUsdPerDay,
    budgetUsdPerMonth: row.budgetUsdPerMonth,
  };
}

export function apiKeyOf(record: ApiKeyRecord): ApiKey {
  const { allowedModelIds, allowedProviderIds, allowedSurfaces, allowedIps } = record;
  return {
    ...record,
    isEnabled: record.isEnabled === 1,
    allowedModelIds: allowedModelIds === null ? null : JSON.parse(allowedModelIds),
    allowedProviderIds: allowedProviderIds === null ? null : JSON.parse(allowedProviderIds),
    allowedSurfaces: allowedSurfaces === null ? null : JSON.parse(allowedSurfaces),
    allowedIps: allowedIps === null ? null : JSON.parse(allowedIps),
  };
}

function listJson(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}

/** Settings that came with a later version than the stored ones have their defaults. */
export function settingsOf(json: string | undefined): Settings {
  const stored: Partial<Settings> = json === undefined ? {} : JSON.parse(json);
  return {
    ...DEFAULT_SETTINGS,
    ...stored,
    affinity: { ...DEFAULT_SETTINGS.affinity, ...stored.affinity },
    routing: { ...DEFAULT_SETTINGS.routing, ...stored.routing },
    reservation: { ...DEFAULT_SETTINGS.reservation, ...stored.reservation },
    cacheLevers: {
      ...DEFAULT_SETTINGS.cacheLevers,
      ...stored.cacheLevers,
      keepWarm: { ...DEFAULT_SETTINGS.cacheLevers.keepWarm, ...stored.cacheLevers?.keepWarm },
    },
    retention: { ...DEFAULT_SETTINGS.retention, ...stored.retention },
    timeouts: { ...DEFAULT_SETTINGS.timeouts, ...stored.timeouts },
    limits: { ...DEFAULT_SETTINGS.limits, ...stored.limits },
    clientGone: { ...DEFAULT_SETTINGS.clientGone, ...stored.clientGone },
    bodyLog: { ...DEFAULT_SETTINGS.bodyLog, ...stored.bodyLog },
    alerts: { ...DEFAULT_SETTINGS.alerts, ...stored.alerts },
  };
}
