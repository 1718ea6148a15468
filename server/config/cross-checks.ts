// Finds what only shows when parts of a configuration are compared: doubles, unknown names, refused URLs. Pure.

import { hashSecret } from '../auth/api-keys.ts';
import { baseUrlProblem } from '../gateway/base-url.ts';
import { type InputFault, words } from '../gateway/input-faults.ts';
import { DEFAULT_RESERVATION, reservationFaults } from '../gateway/routing-settings.ts';
import { UNRESOLVED } from './interpolate.ts';
import { type Finding, type PathStep, renderPath } from './problems.ts';
import { closest } from './suggest.ts';
import { blockOf, blocksOf, numberOf, type Placed, textOf, textsOf } from './tree.ts';

/** Works on data whose shape may be wrong elsewhere, so that all problems come out at once. */
export function crossCheck(data: unknown): Finding[] {
  const providers = blocksOf(data, 'providers');
  return [
    ...doubles(providers, 'name'),
    ...providers.flatMap(checkProvider),
    ...doubles(blocksOf(data, 'models'), 'name'),
    ...checkAliases(data, providers),
    ...doubles(blocksOf(data, 'users'), 'username'),
    ...doubles(blocksOf(data, 'users'), 'email'),
    ...checkApiKeys(data),
    ...checkReservation(data),
  ];
}

function checkProvider({ block, path }: Placed): Finding[] {
  const endpoints = blocksOf(block, 'endpoints', path);
  const allowPrivateNetwork = block.allowPrivateNetwork === true || block.allowPrivateNetwork === 'true';
  return [
    ...doubles(endpoints, 'name'),
    ...endpoints.flatMap((endpoint) => checkBaseUrl(endpoint, allowPrivateNetwork)),
    ...doubles(blocksOf(block, 'accounts', path), 'name'),
    ...doubles(blocksOf(block, 'models', path), 'model'),
  ];
}

function checkBaseUrl({ block, path }: Placed, allowPrivateNetwork: boolean): Finding[] {
  const baseUrl = textOf(block, 'baseUrl');
  const message = baseUrl === null ? null : baseUrlProblem(baseUrl, { allowPrivateNetwork });
  return message === null ? [] : [{ path: [...path, 'baseUrl'], message }];
}

function doubles(blocks: readonly Placed[], key: string): Finding[] {
  const seen = new Map<string, readonly PathStep[]>();
  return blocks.flatMap(({ block, path }) => {
    const text = textOf(block, key);
    if (text === null || text === UNRESOLVED) return [];
    const first = seen.get(text);
    if (!first) seen.set(text, path);
    if (!first) return [];
    const place = renderPath(first);
    const fault: InputFault = { problem: 'same-as', detail: place };
    return [{ path: [...path, key], message: `is the same as in ${place}`, fault }];
  });
}

const NAME_OF_ANOTHER = words('is the name of another model', { problem: 'names-another-model' });
const ALIAS_OF_ANOTHER = words('is already an alias of another model', { problem: 'names-another-model' });

/** A name that clients may ask for must mean one model, whichever provider declares it. */
function checkAliases(data: unknown, providers: readonly Placed[]): Finding[] {
  const mappings = providers.flatMap(({ block, path }) => blocksOf(block, 'models', path));
  const modelNames = new Set([
    ...blocksOf(data, 'models').map(({ block }) => textOf(block, 'name')),
    ...mappings.map(({ block }) => textOf(block, 'model')),
  ]);
  const modelByAlias = new Map<string, string | null>();
  return mappings.flatMap(({ block, path }) => {
    const model = textOf(block, 'model');
    return textsOf(block, 'aliases', path).flatMap(({ text, path }) => {
      if (text === UNRESOLVED || text === model) return [];
      if (modelNames.has(text)) return [{ path, message: NAME_OF_ANOTHER }];
      const other = modelByAlias.get(text);
      if (other === undefined) modelByAlias.set(text, model);
      return other === undefined || other === model ? [] : [{ path, message: ALIAS_OF_ANOTHER }];
    });
  });
}

function checkApiKeys(data: unknown): Finding[] {
  const apiKeys = blocksOf(data, 'apiKeys');
  const usernames = blocksOf(data, 'users').flatMap(({ block }) => textOf(block, 'username') ?? []);
  const unknownUsers = apiKeys.flatMap(({ block, path }): Finding[] => {
    const user = textOf(block, 'user');
    if (user === null || usernames.includes(user)) return [];
    return [notInText([...path, 'user'], { what: 'users', name: user, known: usernames })];
  });
  const unknownNames = [
    ...unknownIn(apiKeys, { key: 'models', known: modelNames(data), what: 'models' }),
    ...unknownIn(apiKeys, { key: 'providers', known: providerNames(data), what: 'providers' }),
  ];
  return [
    ...doubles(apiKeys, 'name'),
    ...doubles(apiKeys.map(hashed), 'key'),
    ...unknownUsers,
    ...unknownNames,
  ];
}

/** A misspelt name in a list of what is allowed would allow less than was meant, and nobody would see why. */
function unknownIn(
  blocks: readonly Placed[],
  { key, known, what }: { key: string; known: readonly string[]; what: string },
): Finding[] {
  return blocks.flatMap(({ block, path }) =>
    textsOf(block, key, path).flatMap(({ text, path }): Finding[] => {
      if (text === UNRESOLVED || known.includes(text) || known.includes(UNRESOLVED)) return [];
      return [notInText(path, { what, name: text, known })];
    }),
  );
}

function notInText(
  path: readonly PathStep[],
  { what, name, known }: { what: string; name: string; known: readonly string[] },
): Finding {
  const suggestion = closest(name, known);
  const fault: InputFault = { problem: 'not-in-text' };
  return { path, message: `is not one of the ${what} of this file`, suggestion, fault };
}

function providerNames(data: unknown): string[] {
  return blocksOf(data, 'providers').flatMap(({ block }) => textOf(block, 'name') ?? []);
}

/** Declared as models, or named by what a provider serves. */
function modelNames(data: unknown): string[] {
  const served = blocksOf(data, 'providers').flatMap(({ block, path }) => blocksOf(block, 'models', path));
  return [
    ...blocksOf(data, 'models').flatMap(({ block }) => textOf(block, 'name') ?? []),
    ...served.flatMap(({ block }) => textOf(block, 'model') ?? []),
  ];
}

/** Compares keys by hash, to keep the keys themselves out of everything that reports. */
function hashed({ block, path }: Placed): Placed {
  const key = textOf(block, 'key');
  return { block: key === null || key === UNRESOLVED ? {} : { key: hashSecret(key) }, path };
}

/** A number that the file leaves out is taken to be the default. */
function checkReservation(data: unknown): Finding[] {
  const block = blockOf(data, 'reservation');
  const stated = (field: string) => numberOf(block, field);
  const all = {
    ...DEFAULT_RESERVATION,
    stableMinReservation: stated('stableMinReservation') ?? DEFAULT_RESERVATION.stableMinReservation,
    stableMaxReservation: stated('stableMaxReservation') ?? DEFAULT_RESERVATION.stableMaxReservation,
    lowLoadThreshold: stated('lowLoadThreshold') ?? DEFAULT_RESERVATION.lowLoadThreshold,
    highLoadThreshold: stated('highLoadThreshold') ?? DEFAULT_RESERVATION.highLoadThreshold,
  };
  return reservationFaults(all, block).map(({ field, message, ...fault }) => ({
    path: ['reservation', field],
    message,
    fault,
  }));
}
