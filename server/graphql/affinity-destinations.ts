// Where an affinity could be moved to, and what its prompt would cost there. Moves nothing.

import type { OutCode } from '../gateway/binding-reasons.ts';
import { candidatesOf } from '../gateway/candidates.ts';
import type { Candidate } from '../gateway/catalog.ts';
import { bindingTtlMs, whyOut } from '../gateway/conversation.ts';
import { allowsProvider } from '../gateway/key-access.ts';
import { inputPricesAt } from '../gateway/pricing.ts';
import type { Affinity } from './affinity-view.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef, AffinityRef } from './refs.ts';

interface Destination {
  candidate: Candidate;
  affinity: Affinity;
}

interface Refusal {
  code: OutCode | 'provider-not-allowed' | 'account-does-not-cache';
  reason: string;
}

const MoveRefusalRef = builder.enumType('AffinityMoveRefusal', {
  description: 'Why an affinity cannot be moved to an account.',
  values: {
    PROVIDER_NOT_ALLOWED: {
      value: 'provider-not-allowed',
      description: "Its API key may not use the account's provider.",
    },
    ACCOUNT_DOES_NOT_CACHE: {
      value: 'account-does-not-cache',
      description: 'The account keeps no bindings.',
    },
    ACCOUNT_PAUSED: { value: 'account-paused', description: 'The account is paused.' },
    ACCOUNT_DISABLED: { value: 'account-disabled', description: 'The provider refused its credential.' },
    ACCOUNT_RESTING: {
      value: 'account-resting',
      description: 'The account rests for longer than the affinity lives.',
    },
  } as const satisfies Record<string, { value: Refusal['code']; description: string }>,
});

const AffinityDestinationRef = builder.objectRef<Destination>('AffinityDestination').implement({
  description: "An account that serves an affinity's model on its surface, but for the one it is bound to.",
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where to; null when it was deleted a moment ago.',
      resolve: ({ candidate }, _args, { parts }) =>
        parts.catalog.current.accounts.get(candidate.account.id) ?? null,
    }),
    refusal: t.string({
      nullable: true,
      description: 'Why `moveAffinity` would refuse it now, in English; null = it would not.',
      resolve: ({ candidate, affinity }, _args, { parts }) =>
        refusalOf(candidate, affinity, parts)?.reason ?? null,
    }),
    refusalCode: t.field({
      type: MoveRefusalRef,
      nullable: true,
      description: 'The same for programs; null = it would not.',
      resolve: ({ candidate, affinity }, _args, { parts }) =>
        refusalOf(candidate, affinity, parts)?.code ?? null,
    }),
    isTranslated: t.boolean({
      description: 'Requests are translated to another API dialect there.',
      resolve: ({ candidate, affinity }) => candidate.endpoint.surface !== affinity.binding.surface,
    }),
    coldUsd: t.float({
      nullable: true,
      description:
        'What it costs more, in USD, to write the tokens that are warm now to the prompt cache there than to read them where they are; null = not priced.',
      resolve: ({ candidate, affinity }, _args, { parts }) => coldUsd(candidate, affinity, parts),
    }),
  }),
});

builder.objectField(AffinityRef, 'destinations', (t) =>
  t.field({
    type: [AffinityDestinationRef],
    description: 'Where it could be moved to, in no particular order: see `moveAffinity`.',
    resolve: (affinity, _args, { parts }) =>
      servingAccounts(affinity, parts)
        .filter(({ account }) => account.id !== affinity.account.id)
        .map((candidate) => ({ candidate, affinity })),
  }),
);

/** Accounts that its requests are routed among, whatever their state. */
export function servingAccounts(
  { model, binding }: Affinity,
  { catalog }: Pick<AdminParts, 'catalog'>,
): readonly Candidate[] {
  return candidatesOf(catalog.current, model.id, binding.surface);
}

/** Why it cannot be moved there, by the rules that requests are routed by; null = it can. */
export function refusalOf(candidate: Candidate, affinity: Affinity, parts: AdminParts): Refusal | null {
  const { binding, apiKey } = affinity;
  const { account, provider } = candidate;
  if (!allowsProvider({ kind: 'api-key', apiKey }, provider.id))
    return {
      code: 'provider-not-allowed',
      reason: `the API key "${apiKey.name}" may not use the provider "${provider.name}"`,
    };
  const why = whyOut(candidate, binding, parts);
  if (why) return why;
  const ttlMs = bindingTtlMs({ catalog: parts.catalog.current }, candidate);
  return ttlMs <= 0
    ? { code: 'account-does-not-cache', reason: `the account "${account.name}" does not cache` }
    : null;
}

/** Of a prompt as large as what is warm now. */
function coldUsd(candidate: Candidate, affinity: Affinity, parts: AdminParts): number | null {
  const { warmTokens } = affinity.binding;
  if (warmTokens === 0) return 0;
  const here = servingAccounts(affinity, parts).find(({ account }) => account.id === affinity.account.id);
  const read = here && inputPricesAt(here, warmTokens)?.readUsd;
  const write = inputPricesAt(candidate, warmTokens)?.write5mUsd;
  return read == null || write == null ? null : warmTokens * (write - read);
}
