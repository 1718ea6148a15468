// The administrator's ways to hold an affinity where it is, and to move it.

import { MAX_PINNED } from '../gateway/bindings.ts';
import type { Candidate } from '../gateway/catalog.ts';
import { bindingTtlMs } from '../gateway/conversation.ts';
import type { InputProblem } from '../gateway/input-faults.ts';
import type { Binding } from '../gateway/ports.ts';
import { refusalOf, servingAccounts } from './affinity-destinations.ts';
import { type Affinity, affinityOf } from './affinity-view.ts';
import { BY_OPERATOR, builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { AffinityRef } from './refs.ts';
import { ERRORS, inputFailure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';

interface AffinityShape {
  affinity: Affinity | null;
}

const AffinityPayload = builder
  .objectRef<AffinityShape & { errors: UserError[] }>('AffinityPayload')
  .implement({
    description: 'Result of pinning or moving an affinity.',
    authScopes: VIEWER,
    fields: (t) => ({
      affinity: t.field({
        type: AffinityRef,
        nullable: true,
        description: 'As it is now; null when refused.',
        resolve: ({ affinity }) => affinity,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  pinAffinity: t.field({
    ...BY_OPERATOR,
    type: AffinityPayload,
    description:
      'Pins an affinity, or takes the pin off. A pinned one neither expires nor makes room for others nor moves by itself, over restarts too: while its account is full, paused, disabled, resting or failing, requests go elsewhere for once, and whenever it has room they go there. It ends when it is cleared or moved by an administrator, or when its account no longer serves the model. Taken off, its lifetime starts again. At most 1000 are pinned.',
    args: {
      id: t.arg.id({ required: true }),
      pinned: t.arg.boolean({ required: true, description: 'False takes the pin off.' }),
    },
    resolve: (_root, { id, pinned }, context) =>
      payload<AffinityShape>({ affinity: null }, async () => {
        const { binding, affinity } = find(id, context);
        if (pinned && binding.apiKeyId === null)
          throw inputFailure(
            'invalid-value',
            'Cannot pin the affinity: of callers without an API key nothing is kept over a restart',
            { path: ['id'], problem: 'without-api-key' },
          );
        const { catalog, affinity: table } = context.parts;
        const ttlMs = bindingTtlMs({ catalog: catalog.current }, affinity);
        const result = table.pin(binding.key, { isPinned: pinned, ttlMs });
        if (result === 'too-many')
          throw inputFailure('invalid-value', `Cannot pin the affinity: ${MAX_PINNED} are pinned already`, {
            path: ['pinned'],
            problem: 'limit-reached',
            max: MAX_PINNED,
          });
        return { affinity: result && affinityOf(result, catalog.current) };
      }),
  }),
  moveAffinity: t.field({
    ...BY_OPERATOR,
    type: AffinityPayload,
    description:
      'Binds an affinity to another account, which must be able to serve it. Its next request goes there, whatever it costs, and finds nothing warm; requests under way end where they are and change nothing any more. A pinned one stays pinned.',
    args: {
      id: t.arg.id({ required: true }),
      accountId: t.arg.id({ required: true, description: 'Where to.' }),
    },
    resolve: (_root, { id, accountId }, context) =>
      payload<AffinityShape>({ affinity: null }, async () => {
        const { binding, affinity } = find(id, context);
        const candidate = destination(affinity, rawId('Account', accountId), context);
        const { catalog, affinity: table } = context.parts;
        const ttlMs = bindingTtlMs({ catalog: catalog.current }, candidate);
        const moved = table.move(binding.key, { candidate, ttlMs });
        return { affinity: moved && affinityOf(moved, catalog.current) };
      }),
  }),
}));

function find(id: string, { parts }: AdminContext): { binding: Binding; affinity: Affinity } {
  const binding = parts.affinity.get(rawId('Affinity', id));
  const affinity = binding && affinityOf(binding, parts.catalog.current);
  if (!affinity) throw notFound('the affinity', ['id']);
  return { binding, affinity };
}

/** The account as a candidate for the affinity's requests. */
function destination(affinity: Affinity, accountId: string, { parts }: AdminContext): Candidate {
  const account = parts.catalog.current.accounts.get(accountId);
  if (!account) throw notFound('the account', ['accountId']);
  const { model, binding } = affinity;
  const candidate = servingAccounts(affinity, parts).find((one) => one.account.id === accountId);
  if (!candidate)
    throw cannotMove({
      code: 'account-does-not-serve',
      reason: `the account "${account.name}" does not serve ${model.name} on ${binding.surface}`,
    });
  const refusal = refusalOf(candidate, affinity, parts);
  if (refusal !== null) throw cannotMove(refusal);
  return candidate;
}

function cannotMove({ code, reason }: { code: InputProblem; reason: string }) {
  const message = `Cannot move the affinity: ${reason}`;
  return inputFailure('invalid-value', message, { path: ['accountId'], problem: code });
}
