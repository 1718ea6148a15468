// What an upstream's error answer means: worth another account, or the caller's own mistake. Pure.

import type { UpstreamError } from '../wire/dialect.ts';
import type { GatewayErrorCode } from './errors.ts';
import type { AttemptFault } from './faults.ts';
import { withSaid } from './said.ts';
import type { UpstreamFault, UpstreamFaultKind } from './upstream.ts';

/** `passed-on`: no other account would say otherwise. */
export type Verdict =
  | { kind: 'passed-on' }
  | { kind: 'retryable'; fault: AttemptFault; code: GatewayErrorCode; reason: string };

/** Judges an HTTP status and, if there was one, the error in the body or in the first events of a stream. */
export function judgeAnswer(status: number, error: UpstreamError | null): Verdict {
  const said = error ? `${status} ${error.type}` : `${status}`;
  const retryable = (fault: AttemptFault, code: GatewayErrorCode, what: string): Verdict => ({
    kind: 'retryable',
    fault,
    code,
    reason: withSaid(what, said),
  });
  if (status === 402 || error?.isQuota) return retryable('quota', 'rate-limited', 'budget spent');
  if (status === 429) return retryable('rate-limited', 'rate-limited', 'rate limited');
  if (status === 401 || status === 403)
    return retryable('refused', 'no-healthy-account', 'credential refused');
  if (status === 503 || status === 529) return retryable('overloaded', 'upstream-error', 'overloaded');
  if (status >= 300 && status < 400) return retryable('redirected', 'unexpected-redirect', 'redirect');
  if (status >= 500 || status === 408) return retryable('server-error', 'upstream-error', 'upstream error');
  if (status === 404 && isAboutModel(error))
    return retryable('model-missing', 'upstream-error', 'model not known');
  return { kind: 'passed-on' };
}

/** Anthropic says `not_found_error` "model: …", OpenAI `model_not_found`, Gemini "models/x is not found". */
function isAboutModel(error: UpstreamError | null): boolean {
  return error !== null && (/model/i.test(error.type) || /\bmodels?\b/i.test(error.message));
}

const FAULTS: Readonly<
  Record<Exclude<UpstreamFaultKind, 'aborted'>, { fault: AttemptFault; code: GatewayErrorCode; what: string }>
> = {
  blocked: { fault: 'blocked', code: 'upstream-unreachable', what: 'address not allowed' },
  dns: { fault: 'unreachable', code: 'upstream-unreachable', what: 'name not found' },
  connect: { fault: 'unreachable', code: 'upstream-unreachable', what: 'connection refused' },
  'connect-timeout': { fault: 'unreachable', code: 'upstream-unreachable', what: 'no connection in time' },
  tls: { fault: 'unreachable', code: 'upstream-unreachable', what: 'no trusted TLS connection' },
  reset: { fault: 'broken', code: 'upstream-unreachable', what: 'connection broke' },
  'bad-framing': { fault: 'broken', code: 'upstream-unreachable', what: 'not a valid HTTP reply' },
  'reply-too-large': { fault: 'broken', code: 'upstream-error', what: 'reply too large' },
};

/** Judges a request that got no whole answer. */
export function judgeFault(fault: UpstreamFault): Extract<Verdict, { kind: 'retryable' }> {
  if (fault.kind === 'aborted') {
    return { kind: 'retryable', fault: 'timeout', code: 'upstream-timeout', reason: 'no reply in time' };
  }
  const { fault: kind, code, what } = FAULTS[fault.kind];
  const detail = fault.message.replace(/^Cannot reach the upstream: /, '');
  return { kind: 'retryable', fault: kind, code, reason: withSaid(what, detail) };
}
