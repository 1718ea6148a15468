// Saving a provider's form through the API: one call per thing, as there is no transaction over several.

import { CREATE_ENDPOINT } from '../../lib/account-creator.ts';
import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { UPDATE_ENDPOINT, UPDATE_PROVIDER } from './changes.ts';
import type { EndpointState, ProviderState, Step } from './provider-edit.ts';

/** What a step left behind: the state to go on from, or what there is in place of the one the form began with. */
export type StepResult =
  | { kind: 'saved'; state: ProviderState; newId: string | null }
  | { kind: 'conflict'; state: ProviderState };

/** Takes one step. Throws when the API refuses it for another reason than a conflict. */
export async function takeStep(state: ProviderState, step: Step): Promise<StepResult> {
  switch (step.kind) {
    case 'provider':
      return saveProvider(state, step);
    case 'endpoint':
      return saveEndpoint(state, step);
    case 'new-endpoint': {
      const input = { providerId: state.id, ...step.input };
      const { createEndpoint } = await run(CREATE_ENDPOINT, { input });
      refuseUserErrors(createEndpoint.errors);
      const { endpoint } = createEndpoint;
      const endpoints = endpoint ? [...state.endpoints, endpoint] : state.endpoints;
      return { kind: 'saved', state: { ...state, endpoints }, newId: endpoint?.id ?? null };
    }
    default:
      return step satisfies never;
  }
}

async function saveProvider(
  state: ProviderState,
  { input, version }: Step & { kind: 'provider' },
): Promise<StepResult> {
  const { updateProvider } = await run(UPDATE_PROVIDER, { id: state.id, input: { ...input, version } });
  const { provider, errors } = updateProvider;
  const next = provider ? { ...state, ...provider } : state;
  if (provider && isConflict(errors)) return { kind: 'conflict', state: next };
  refuseUserErrors(errors);
  return { kind: 'saved', state: next, newId: null };
}

async function saveEndpoint(
  state: ProviderState,
  { id, input, version }: Step & { kind: 'endpoint' },
): Promise<StepResult> {
  const { updateEndpoint } = await run(UPDATE_ENDPOINT, { id, input: { ...input, version } });
  const { endpoint, errors } = updateEndpoint;
  const next = endpoint ? { ...state, endpoints: withEndpoint(state.endpoints, endpoint) } : state;
  if (endpoint && isConflict(errors)) return { kind: 'conflict', state: next };
  refuseUserErrors(errors);
  return { kind: 'saved', state: next, newId: null };
}

function withEndpoint(all: readonly EndpointState[], endpoint: EndpointState): EndpointState[] {
  return all.map((one) => (one.id === endpoint.id ? endpoint : one));
}

function isConflict(errors: readonly { code: string }[]): boolean {
  return errors[0]?.code === 'version-conflict';
}
