// No account is left to try: what the client is told.

import type { Retryable } from './attempt.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { FoundAccount } from './find-account.ts';
import { errorReply } from './reply.ts';
import type { SettleParts } from './settle.ts';

/** A failed attempt; `isTranslated` when its reply was in another dialect than the client's. */
export interface Failure extends Retryable {
  isTranslated: boolean;
}

type NoAccount = Exclude<FoundAccount, { kind: 'seated' }>;

/** When nothing is known of how long it will take: long enough not to storm, short enough to be back soon. */
const UNSTATED_RETRY_MS = 5_000;

/** The upstream's own last error where it speaks for itself, else one of ours. Throws it as a GatewayError, or answers. */
export function giveUp(
  exchange: Exchange,
  ended: { choice: NoAccount; failures: readonly Failure[]; refusal: GatewayError | null },
  parts: SettleParts,
): Response {
  const { choice, failures, refusal } = ended;
  const last = failures.at(-1);
  if (!last && choice.kind === 'none' && refusal) throw refusal;
  const limit = rateLimit(choice, failures);
  const model = exchange.row.requestedModel;
  if (limit !== null) {
    throw new GatewayError('rate-limited', `Cannot send to any account of "${model}": all are rate limited`, {
      retryAfterMs: limit,
    });
  }
  if (!last) throw unavailable(choice, model);
  if (last.reply && last.code === 'upstream-error' && !last.isTranslated) {
    // Not the 200 of a reply that has an error in its body.
    const status = last.status ?? last.reply.status;
    return errorReply(
      exchange,
      new GatewayError('upstream-error', last.reason, { status }),
      parts,
      last.reply,
    );
  }
  // A refused credential is the operator's matter: told as 401 it would make clients log their user out.
  if (last.fault === 'refused') throw unavailable({ kind: 'none' }, model);
  throw lastWord(last, model);
}

/** The smallest wait when limits are the reason, else null. */
function rateLimit(choice: NoAccount, failures: readonly Failure[]): number | null {
  const limited = failures.filter(({ fault }) => fault === 'rate-limited' || fault === 'quota');
  const isResting = failures.length === 0 && choice.kind === 'cooling-down';
  if (limited.length === 0 && !isResting) return null;
  const waits = limited.map(({ retryAfterMs }) => retryAfterMs ?? UNSTATED_RETRY_MS);
  if (choice.kind === 'cooling-down') waits.push(choice.retryAfterMs);
  return Math.min(...waits);
}

function unavailable(choice: NoAccount, model: string): GatewayError {
  if (choice.kind === 'full') {
    return new GatewayError('accounts-full', `Cannot send to any account of "${model}": all are busy`, {
      retryAfterMs: choice.retryAfterMs,
    });
  }
  return new GatewayError(
    'no-healthy-account',
    `Cannot send to any account of "${model}": none is in service`,
    {
      retryAfterMs: UNSTATED_RETRY_MS,
    },
  );
}

function lastWord(last: Failure, model: string): GatewayError {
  const status = last.error && last.code === 'upstream-error' ? last.error.status : undefined;
  return new GatewayError(
    last.code,
    last.error?.message ?? `Cannot reach any account of "${model}": ${last.reason}`,
    {
      ...(status === undefined ? {} : { status }),
      retryAfterMs: last.retryAfterMs ?? UNSTATED_RETRY_MS,
    },
  );
}
