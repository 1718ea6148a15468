// How requests and attempts end, as the schema names it.

import { builder } from './builder.ts';

export const RequestOutcomeRef = builder.enumType('RequestOutcome', {
  description: 'How a request ended.',
  values: {
    OK: { value: 'ok', description: 'Answered.' },
    REJECTED: { value: 'rejected', description: "Refused, or the caller's own mistake." },
    FAILED: { value: 'failed', description: "Our fault or the upstream's." },
    CLIENT_GONE: { value: 'client-gone', description: 'The client hung up first; nobody is blamed.' },
  } as const,
});

export const AttemptOutcomeRef = builder.enumType('AttemptOutcome', {
  description: 'How one attempt ended.',
  values: {
    OK: { value: 'ok', description: 'Answered.' },
    RETRYABLE: {
      value: 'retryable',
      description: 'Failed before the first byte; another account may be tried.',
    },
    REJECTED: { value: 'rejected', description: "The caller's own mistake; no other account would help." },
    INTERRUPTED: { value: 'interrupted', description: 'Broke off after the first byte.' },
    CLIENT_GONE: { value: 'client-gone', description: 'The client hung up first.' },
  } as const,
});

export const AttemptFaultRef = builder.enumType('AttemptFault', {
  description: 'What went wrong in an attempt.',
  values: {
    RATE_LIMITED: { value: 'rate-limited', description: '429 for this account and model.' },
    QUOTA: { value: 'quota', description: "The account's budget is spent." },
    REFUSED: { value: 'refused', description: 'Its credential or permission was refused.' },
    OVERLOADED: { value: 'overloaded', description: 'The provider had no room.' },
    SERVER_ERROR: { value: 'server-error', description: 'The provider failed.' },
    TIMEOUT: { value: 'timeout', description: 'No reply in time.' },
    UNREACHABLE: { value: 'unreachable', description: 'No connection: name, connect or TLS.' },
    BLOCKED: { value: 'blocked', description: 'The host may not be called from here.' },
    BROKEN: { value: 'broken', description: 'The connection or its framing broke.' },
    STALLED: { value: 'stalled', description: 'A begun stream fell silent.' },
    INCOMPLETE: { value: 'incomplete', description: "A begun stream ended without its protocol's end." },
    REDIRECTED: { value: 'redirected', description: 'A redirect; never followed.' },
    MODEL_MISSING: { value: 'model-missing', description: 'The account does not know the model.' },
  } as const,
});

export const UsageFlagRef = builder.enumType('UsageFlag', {
  description: 'Why token counts deserve a look.',
  values: {
    ABSURD_COUNT: { value: 'absurd-count', description: 'A count beyond belief was read as not reported.' },
    CACHE_EXCEEDS_INPUT: { value: 'cache-exceeds-input', description: 'More cached than there was input.' },
    REASONING_EXCEEDS_OUTPUT: {
      value: 'reasoning-exceeds-output',
      description: 'More reasoning than there was output.',
    },
    TOTAL_MISMATCH: {
      value: 'total-mismatch',
      description: 'The parts do not add up to what the provider stated.',
    },
    UNREADABLE: { value: 'unreadable', description: "The reply's JSON could not be read." },
  } as const,
});

export const UsageSourceRef = builder.enumType('UsageSource', {
  description: 'Where token counts come from.',
  values: {
    UPSTREAM: { value: 'upstream', description: 'The provider reported them with a whole reply.' },
    PARTIAL: { value: 'partial', description: 'The provider reported them before the reply broke off.' },
    ESTIMATED: { value: 'estimated', description: 'Computed here.' },
    NONE: { value: 'none', description: 'Nobody reported any.' },
  } as const,
});

export const AffinityOutcomeRef = builder.enumType('AffinityOutcome', {
  description: 'What the routing did with the binding.',
  values: {
    HIT: { value: 'hit', description: 'Went to the bound account.' },
    NEW: { value: 'new', description: 'First binding of the session.' },
    MOVED: { value: 'moved', description: 'Bound to another account than before.' },
    BORROWED: { value: 'borrowed', description: 'Went elsewhere for once; the binding stays.' },
    NONE: {
      value: 'none',
      description: 'Nothing was bound: refused before routing, or the account does not cache.',
    },
    OFF: { value: 'off', description: 'Affinity is switched off.' },
  } as const,
});

export const MissCauseRef = builder.enumType('MissCause', {
  description: 'Why input was not read from the prompt cache.',
  values: {
    COLD_START: {
      value: 'cold-start',
      description: 'A conversation begins: nothing of it was warm anywhere yet.',
    },
    TTL_EXPIRED: { value: 'ttl-expired', description: 'The pause was longer than the cache lives.' },
    ACCOUNT_MOVED: { value: 'account-moved', description: 'It was warm on another account.' },
    PREFIX_CHANGED: {
      value: 'prefix-changed',
      description: 'The client changed the prompt from some tool, system block or message on.',
    },
    MODEL_CHANGED: {
      value: 'model-changed',
      description: 'The model changed, or a setting that the cache depends on.',
    },
    BELOW_MINIMUM: { value: 'below-minimum', description: 'Too short to be cached.' },
    LOOKBACK_EXCEEDED: {
      value: 'lookback-exceeded',
      description: 'More new blocks than the provider looks back over.',
    },
    EVICTED_UPSTREAM: { value: 'evicted-upstream', description: 'The provider dropped it early.' },
    NOT_CACHEABLE: {
      value: 'not-cacheable',
      description: 'No cache mark on it, or an account that does not cache.',
    },
    NEW_CONTENT: { value: 'new-content', description: 'Never sent before: nothing could have had it warm.' },
  } as const,
});

export const ConsideredStateRef = builder.enumType('ConsideredState', {
  description: 'What an account looked like at the moment of choice.',
  values: {
    OPEN: { value: 'open', description: 'Could take the request at once.' },
    FULL: { value: 'full', description: 'All its slots were taken.' },
    COOLING_DOWN: { value: 'cooling-down', description: 'It was resting after a rate limit.' },
    EJECTED: { value: 'ejected', description: 'It had failed too often.' },
    HALF_OPEN: { value: 'half-open', description: 'It was being tried again after failures.' },
    PAUSED: { value: 'paused', description: 'Paused by an administrator.' },
    DISABLED: { value: 'disabled', description: 'Its credential had been refused.' },
    TRIED: { value: 'tried', description: 'It had failed on this very request.' },
  } as const,
});
