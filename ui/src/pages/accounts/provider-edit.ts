// The steps that a provider's form takes through the API, in an order that the API accepts. Pure.

import { SERVED_SURFACES, type ServedSurface } from '../../lib/account-presets.ts';
import { cleanBaseUrl } from '../../lib/add-account.ts';
import { type Difference, differences } from '../../parts/conflict.ts';

export interface ProviderState {
  id: string;
  version: string;
  name: string;
  allowPrivateNetwork: boolean;
  endpoints: readonly EndpointState[];
}

export interface EndpointState {
  id: string;
  version: string;
  name: string;
  surface: string;
  baseUrl: string;
}

export interface EndpointForm {
  /** Null = it is new. */
  id: string | null;
  name: string;
  surface: ServedSurface;
  baseUrl: string;
}

export interface ProviderForm {
  name: string;
  allowPrivateNetwork: boolean;
  endpoints: readonly EndpointForm[];
}

export type Step =
  | { kind: 'provider'; version: string; input: { name: string; allowPrivateNetwork: boolean } }
  | { kind: 'endpoint'; id: string; version: string; input: EndpointInput }
  | { kind: 'new-endpoint'; index: number; input: EndpointInput };

export interface EndpointInput {
  name: string;
  surface: ServedSurface;
  baseUrl: string;
}

/** What has to be saved, each with the version it was made for. New endpoints without an address are none. */
export function stepsOf(before: ProviderState, form: ProviderForm): Step[] {
  const provider = providerSteps(before, form);
  const endpoints = form.endpoints.flatMap((endpoint, index) => endpointSteps(before, endpoint, index));
  // A private address is refused before the network is allowed, and the network cannot be forbidden before its last address is gone.
  const isForbidding = before.allowPrivateNetwork && !form.allowPrivateNetwork;
  return isForbidding ? [...endpoints, ...provider] : [...provider, ...endpoints];
}

function providerSteps(before: ProviderState, { name, allowPrivateNetwork }: ProviderForm): Step[] {
  const input = { name: name.trim(), allowPrivateNetwork };
  const isSame = input.name === before.name && allowPrivateNetwork === before.allowPrivateNetwork;
  return isSame ? [] : [{ kind: 'provider', version: before.version, input }];
}

function endpointSteps(before: ProviderState, form: EndpointForm, index: number): Step[] {
  const input = { name: form.name.trim(), surface: form.surface, baseUrl: cleanBaseUrl(form.baseUrl) };
  if (form.id === null) return input.baseUrl === '' ? [] : [{ kind: 'new-endpoint', index, input }];
  const old = before.endpoints.find(({ id }) => id === form.id);
  if (!old) return [];
  const isSame = old.name === input.name && old.surface === input.surface && old.baseUrl === input.baseUrl;
  return isSame ? [] : [{ kind: 'endpoint', id: old.id, version: old.version, input }];
}

/** A name for a new endpoint that no other one has: the surface's, with a number if need be. */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

/** A form that changes nothing yet. */
export function providerForm(state: ProviderState): {
  name: string;
  allowPrivateNetwork: boolean;
  endpoints: EndpointForm[];
} {
  return {
    name: state.name,
    allowPrivateNetwork: state.allowPrivateNetwork,
    endpoints: state.endpoints.map(({ id, name, surface, baseUrl }) => ({
      id,
      name,
      surface: SERVED_SURFACES.find((one) => one === surface) ?? 'OPENAI_CHAT',
      baseUrl,
    })),
  };
}

export interface ProviderChange extends Difference<'name' | 'allowPrivateNetwork' | 'surface' | 'baseUrl'> {
  /** Name of the provider or endpoint whose field it is. */
  owner: string;
}

/** The form with the present state wherever the person has changed nothing: saving it undoes no more than it has to. */
export function rebased(
  before: ProviderState,
  present: ProviderState,
  form: ProviderForm,
): ReturnType<typeof providerForm> {
  const now = providerForm(present);
  const then = providerForm(before);
  return {
    name: form.name.trim() === then.name ? now.name : form.name,
    allowPrivateNetwork:
      form.allowPrivateNetwork === then.allowPrivateNetwork
        ? now.allowPrivateNetwork
        : form.allowPrivateNetwork,
    endpoints: form.endpoints.map((typed) => {
      const old = then.endpoints.find(({ id }) => id === typed.id);
      const other = now.endpoints.find(({ id }) => id === typed.id);
      if (typed.id === null || !old || !other) return { ...typed };
      return {
        id: typed.id,
        name: typed.name.trim() === old.name ? other.name : typed.name,
        surface: typed.surface === old.surface ? other.surface : typed.surface,
        baseUrl: cleanBaseUrl(typed.baseUrl) === old.baseUrl ? other.baseUrl : typed.baseUrl,
      };
    }),
  };
}

/** What somebody else changed at the provider and its endpoints since the form was made. */
export function providerChanges(
  before: ProviderState,
  present: ProviderState,
  form: ProviderForm,
): ProviderChange[] {
  const own = differences(['name', 'allowPrivateNetwork'], {
    before: nameAndRule(before),
    present: nameAndRule(present),
    mine: { name: form.name.trim(), allowPrivateNetwork: form.allowPrivateNetwork },
  }).map((one) => ({ ...one, owner: before.name }));
  const endpoints = before.endpoints.flatMap((old) => {
    const now = present.endpoints.find(({ id }) => id === old.id);
    const typed = form.endpoints.find(({ id }) => id === old.id);
    if (!now || !typed) return [];
    const sides = { before: address(old), present: address(now), mine: address(typed) };
    return differences(['name', 'surface', 'baseUrl'], sides).map((one) => ({ ...one, owner: old.name }));
  });
  return [...own, ...endpoints];
}

function nameAndRule({ name, allowPrivateNetwork }: { name: string; allowPrivateNetwork: boolean }) {
  return { name, allowPrivateNetwork };
}

function address({ name, surface, baseUrl }: { name: string; surface: string; baseUrl: string }) {
  return { name: name.trim(), surface, baseUrl: cleanBaseUrl(baseUrl) };
}
