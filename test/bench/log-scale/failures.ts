// How requests of the log bench fail: two to three in a hundred, each kind with its share.

import type { AttemptFault } from '../../../server/gateway/faults.ts';
import type { RequestOutcome } from '../../../server/gateway/ports.ts';

export interface Failure {
  /** Of all requests. */
  share: number;
  status: number;
  outcome: Exclude<RequestOutcome, 'ok'>;
  code: string;
  message: string;
  fault: AttemptFault | null;
  /** Accounts that were tried. */
  attempts: number;
}

const FAILURES: readonly Failure[] = [
  {
    share: 0.0075,
    status: 429,
    outcome: 'failed',
    code: 'rate-limited',
    message: 'All accounts of the model are rate limited',
    fault: 'rate-limited',
    attempts: 3,
  },
  {
    share: 0.004,
    status: 529,
    outcome: 'failed',
    code: 'overloaded',
    message: 'The provider is overloaded',
    fault: 'overloaded',
    attempts: 2,
  },
  {
    share: 0.003,
    status: 500,
    outcome: 'failed',
    code: 'upstream-failed',
    message: 'The provider failed: internal server error',
    fault: 'server-error',
    attempts: 2,
  },
  {
    share: 0.002,
    status: 502,
    outcome: 'failed',
    code: 'upstream-broken',
    message: 'The connection to the provider broke',
    fault: 'broken',
    attempts: 2,
  },
  {
    share: 0.0015,
    status: 504,
    outcome: 'failed',
    code: 'upstream-timeout',
    message: 'The provider did not answer in time',
    fault: 'timeout',
    attempts: 1,
  },
  {
    share: 0.003,
    status: 400,
    outcome: 'rejected',
    code: 'invalid-request',
    message: 'messages.1: all messages must have content',
    fault: null,
    attempts: 1,
  },
  {
    share: 0.0005,
    status: 413,
    outcome: 'rejected',
    code: 'too-large',
    message: 'The request is larger than 34 MB',
    fault: null,
    attempts: 0,
  },
  {
    share: 0.0045,
    status: 499,
    outcome: 'client-gone',
    code: 'client-gone',
    message: 'The client hung up before the reply began',
    fault: null,
    attempts: 1,
  },
];

/** Only a few times ever: what a search for a rare text finds. */
export const RARE_FAILURE: Failure = {
  share: 0,
  status: 502,
  outcome: 'failed',
  code: 'upstream-unreachable',
  message: 'Cannot reach the provider: the certificate has expired',
  fault: 'unreachable',
  attempts: 1,
};
export const RARE_TEXT = 'certificate has EXPIRED';

const TOTAL_SHARE = FAILURES.reduce((sum, { share }) => sum + share, 0);

/** The failure that a draw of `[0, 1)` hits; null = the request goes well. */
export function failureAt(draw: number): Failure | null {
  if (draw >= TOTAL_SHARE) return null;
  let left = draw;
  for (const failure of FAILURES) {
    left -= failure.share;
    if (left < 0) return failure;
  }
  return null;
}
