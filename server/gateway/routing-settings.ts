// How requests are given to accounts, as configured: policy, profile, reservation, and the levers on the prompt cache. Types and defaults.

/**
 * `warm-cost`: where the request costs least, waiting included. `session`: where its session is bound. `api-key`: where
 * its API key is bound. `round-robin`: by weight in turn. `least-loaded`: the fewest requests per weight. `fixed-order`:
 * the first account in stored order that can take it.
 */
export const ROUTE_POLICIES = [
  'warm-cost',
  'session',
  'api-key',
  'round-robin',
  'least-loaded',
  'fixed-order',
] as const;
export type RoutePolicy = (typeof ROUTE_POLICIES)[number];

/** What a second of waiting is worth: `balanced` waits for a warm account, `latency-first` rather pays for a cold one. */
export const ROUTE_PROFILES = ['balanced', 'latency-first'] as const;
export type RouteProfile = (typeof ROUTE_PROFILES)[number];

export const WARMTH_SCOPES = ['tenant', 'strict', 'everyone'] as const;
export type WarmthScope = (typeof WARMTH_SCOPES)[number];

export interface RoutingSettings {
  /** For models that state none of their own. */
  policy: RoutePolicy;
  profile: RouteProfile;
  /** Longest wait for a place at an account, all waits of one request together; null = the profile's. */
  maxWaitSeconds: number | null;
  /**
   * Whose prefixes are known to whom. `tenant`: each API key has its own, and a prompt that is cold for its key goes where
   * the same one is warm through others, by hashes that have no owner. `strict`: without that. `everyone`: all callers of
   * this gateway share theirs.
   */
  warmthScope: WarmthScope;
}

/** The dynamic reservation: the share of an account's slots that callers who are not warm there may not take. */
export interface ReservationSettings {
  enabled: boolean;
  /** Requests of an account below which it is in its probe phase, with `probeReservation`. */
  probePhaseRequests: number;
  probeReservation: number;
  stableMinReservation: number;
  stableMaxReservation: number;
  /** Used share of slots below which the least is reserved, and from which all that confidence allows. */
  lowLoadThreshold: number;
  highLoadThreshold: number;
  successCountForFullConfidence: number;
  cooldownHoursForFullConfidence: number;
}

/** What the gateway may do to a request so that more of it is cached. All off by default; a client's marks are never removed. */
export interface CacheLeverSettings {
  /** Anthropic: marks without a lifetime get 1 h where the session's own gaps make that cheaper than 5 min. */
  chooseTtl: boolean;
  /** Anthropic: cache marks for requests that have none. */
  placeBreakpoints: boolean;
  /** OpenAI: a `prompt_cache_key` per session for requests that have none. */
  setPromptCacheKey: boolean;
  /** Sends a warm prefix once more before it expires, one token of output, while that is cheaper than a cold return. */
  keepWarm: {
    enabled: boolean;
    /** Spent on it per UTC day, all accounts together. */
    maxUsdPerDay: number;
    /** In a row without a request of the session in between. */
    maxPings: number;
  };
}

export const DEFAULT_ROUTING: RoutingSettings = {
  policy: 'warm-cost',
  profile: 'balanced',
  maxWaitSeconds: null,
  warmthScope: 'tenant',
};

export const DEFAULT_RESERVATION: ReservationSettings = {
  enabled: true,
  probePhaseRequests: 100,
  probeReservation: 0.1,
  stableMinReservation: 0.1,
  stableMaxReservation: 0.35,
  lowLoadThreshold: 0.5,
  highLoadThreshold: 0.8,
  successCountForFullConfidence: 50,
  cooldownHoursForFullConfidence: 24,
};

export const DEFAULT_CACHE_LEVERS: CacheLeverSettings = {
  chooseTtl: false,
  placeBreakpoints: false,
  setPromptCacheKey: false,
  keepWarm: { enabled: false, maxUsdPerDay: 1, maxPings: 3 },
};

/** A pair of settings that contradict each other, told at the one that was stated. */
export interface ReservationFault {
  field: keyof ReservationSettings;
  message: string;
  problem: 'too-large' | 'too-small' | 'not-below' | 'not-above';
  /** What it must be by the other of the pair. */
  min?: number;
  max?: number;
}

/** `stated`: the fields that somebody has just set, of all those that hold. */
export function reservationFaults(
  all: ReservationSettings,
  stated: { readonly [Field in keyof ReservationSettings]?: unknown },
): ReservationFault[] {
  const faults: ReservationFault[] = [];
  const isStated = (field: keyof ReservationSettings) =>
    stated[field] !== undefined && stated[field] !== null;
  const { stableMinReservation: least, stableMaxReservation: most } = all;
  if (least > most) {
    faults.push(
      isStated('stableMinReservation')
        ? {
            field: 'stableMinReservation',
            message: `must not be above stableMaxReservation (${most})`,
            problem: 'too-large',
            max: most,
          }
        : {
            field: 'stableMaxReservation',
            message: `must not be below stableMinReservation (${least})`,
            problem: 'too-small',
            min: least,
          },
    );
  }
  const { lowLoadThreshold: low, highLoadThreshold: high } = all;
  if (low >= high) {
    faults.push(
      isStated('lowLoadThreshold')
        ? {
            field: 'lowLoadThreshold',
            message: `must be below highLoadThreshold (${high})`,
            problem: 'not-below',
            max: high,
          }
        : {
            field: 'highLoadThreshold',
            message: `must be above lowLoadThreshold (${low})`,
            problem: 'not-above',
            min: low,
          },
    );
  }
  return faults;
}
