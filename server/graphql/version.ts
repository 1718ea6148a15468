// Versions of what can be edited, and the refusal of an update that was made for another one. Digests only: nothing is stored.

import { hash } from 'node:crypto';
import type {
  Account,
  ApiKey,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  Settings,
  User,
} from '../gateway/ports.ts';
import type { Edit } from './desk.ts';
import type { UserError } from './user-error.ts';

/** Descriptions of the field `version` and of the input field of the same name. */
export const VERSION =
  'Changes with what the update mutation can change, and with nothing else; opaque. Pass it with an update that shall not undo the work of another.';
export const READ_VERSION =
  'The `version` that the change was made for: when there is another by now, nothing is changed and the error is version-conflict. Absent or null = whatever there is.';
/** Description of the entity in the payload of an update. */
export const PRESENT = 'Null when refused, but for a version-conflict: then what there is now.';

/** 64 bits: a change that nobody notices by mere chance is out of the question. */
const VERSION_HEX_DIGITS = 16;

/**
 * Per column whether the update mutation changes it. Secrets take part by their keyed fingerprints at most: whoever reads
 * a version must not be able to try secrets against it.
 */
export const accountVersion = versionBy<Account>({
  id: false,
  providerId: false,
  name: true,
  weight: true,
  maxConcurrent: true,
  cacheTtlMinutes: true,
  rateMultiplier: true,
  usdPerCredit: true,
  cacheDomain: true,
  isPaused: false,
  disabledReason: false,
  credentialLast4: false,
  credentialFingerprint: true,
  credentialOrigins: true,
});

export const apiKeyVersion = versionBy<ApiKey>({
  id: false,
  name: true,
  hash: false,
  masked: false,
  userId: true,
  isEnabled: true,
  createdAtMs: false,
  expiresAtMs: true,
  revokedAtMs: false,
  allowedModelIds: true,
  allowedProviderIds: true,
  allowedSurfaces: true,
  allowedIps: true,
  requestsPerMinute: true,
  tokensPerMinute: true,
  maxConcurrent: true,
  budgetUsdPerDay: true,
  budgetUsdPerMonth: true,
});

export const endpointVersion = versionBy<Endpoint>({
  id: false,
  providerId: false,
  name: true,
  surface: true,
  baseUrl: true,
});

export const modelVersion = versionBy<Model>({
  id: false,
  name: true,
  displayName: true,
  price: true,
  routePolicy: true,
  routeProfile: true,
});

export const mappingVersion = versionBy<ModelMapping>({
  id: false,
  providerId: false,
  modelId: false,
  upstreamModel: true,
  aliases: true,
});

export const providerVersion = versionBy<Provider>({ id: false, name: true, allowPrivateNetwork: true });

export const userVersion = versionBy<User>({ id: false, username: true, email: true });

/** Of all settings together. A webhook is sealed into another text each time, so its fingerprint stands for it. */
export function settingsVersion({ alerts, ...settings }: Settings): string {
  const { webhook, ...others } = alerts;
  return versionOf({ ...settings, alerts: others, webhook: webhook?.fingerprint ?? null });
}

/**
 * For the beginning of an edit, whose turn at the desk holds until its changes are stored: the edit that changes nothing
 * and shows what is there, when that has another version than `given`; else null.
 */
export function conflict<Shape extends object>(
  { what, version, given }: { what: string; version: string; given: string | null | undefined },
  present: Shape,
): Edit<Shape & { errors?: UserError[] }> | null {
  if (given == null || given === version) return null;
  const message = `Cannot update ${what}: changed since this version of it was read`;
  const path = ['input', 'version'];
  const error: UserError = { code: 'version-conflict', message, path, retryAfterSeconds: null };
  return { changes: [], result: () => ({ ...present, errors: [error] }) };
}

function versionBy<Row extends object>(columns: Readonly<Record<keyof Row, boolean>>): (row: Row) => string {
  return (row) => {
    const content: Partial<Row> = {};
    for (const key in columns) if (columns[key]) content[key] = row[key];
    return versionOf(content);
  };
}

function versionOf(content: object): string {
  return hash('sha256', JSON.stringify(content, inOneForm)).slice(0, VERSION_HEX_DIGITS);
}

/** Members in order of their names, because storage gives them back in its own; what is null as if it were absent. */
function inOneForm(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
