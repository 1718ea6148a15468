// The shape of a configuration file. Messages never quote a value, because any value may be a secret.

import * as v from 'valibot';
import { MIN_API_KEY_LENGTH } from '../auth/api-keys.ts';
import { normalizeBaseUrl } from '../gateway/base-url.ts';
import { FLAG, LIST, words } from '../gateway/input-faults.ts';
import { MAX_BUDGET_USD, MAX_CONCURRENT, MAX_PER_MINUTE } from '../gateway/key-restrictions.ts';
import { ROUTE_POLICIES, ROUTE_PROFILES, WARMTH_SCOPES } from '../gateway/routing-settings.ts';
import { SURFACES } from '../wire/surface.ts';
import { dateTime, ipRange, limitedTo, TEXT } from './limit-values.ts';
import { isListenHost } from './listen-host.ts';
import { closest } from './suggest.ts';
import { type Block, isBlock } from './tree.ts';

const MAX_NAME_LENGTH = 200;
const BLOCK = words('must be a block of keys', { problem: 'not-a-block' });
export const UNKNOWN_KEY = words('is not a known key', { problem: 'unknown-key' });

/** Told of one block; a text that is no configuration at all may have any number. */
const MAX_UNKNOWN_KEYS = 50;

/**
 * A block of keys. Reports every unknown key, where valibot's strict object stops at the first; such an issue carries
 * in `expected` the known key that was probably meant, or an empty text.
 */
function block<const Entries extends v.ObjectEntries>(
  entries: Entries,
  alsoKnown: readonly string[] = [],
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<Entries, undefined>>> {
  const known = [...Object.keys(entries), ...alsoKnown];
  const isKnown = new Set<string>(known);
  return v.pipe(
    v.custom<Block>(isBlock, BLOCK),
    v.looseObject(entries),
    v.rawCheck(({ dataset, addIssue }) => {
      const value: unknown = dataset.value;
      if (!isBlock(value)) return;
      const input = { ...value };
      const unknown = Object.keys(value).filter((key) => !isKnown.has(key));
      for (const key of unknown.slice(0, MAX_UNKNOWN_KEYS)) {
        const path: [v.ObjectPathItem] = [{ type: 'object', origin: 'key', input, key, value: value[key] }];
        addIssue({ message: UNKNOWN_KEY, expected: closest(key, known) ?? '', path });
      }
    }),
  );
}

/** One of the options; `expected` of its issue is the option that was probably meant, or an empty text. */
function choice<const Option extends string>(options: readonly Option[]) {
  const names = options.join(', ');
  const message = words(`must be one of: ${names}`, { problem: 'not-an-option', detail: names });
  return v.pipe(
    v.string(TEXT),
    v.rawTransform<string, Option>(({ dataset, addIssue, NEVER }) => {
      const option = options.find((option) => option === dataset.value);
      if (option !== undefined) return option;
      addIssue({ message, expected: closest(dataset.value, options) ?? '' });
      return NEVER;
    }),
  );
}

function list<Item extends v.GenericSchema>(item: Item) {
  return v.nullish(v.array(item, LIST));
}

/** A number; text that an environment variable put there counts when it is one. */
function number(accepts: (value: number) => boolean, message: string) {
  return v.pipe(
    v.unknown(),
    v.rawTransform<unknown, number>(({ dataset, addIssue, NEVER }) => {
      const value = typeof dataset.value === 'string' ? fromText(dataset.value) : dataset.value;
      if (typeof value === 'number' && accepts(value)) return value;
      addIssue({ message });
      return NEVER;
    }),
  );
}

function fromText(text: string): number {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function wholeNumber(min: number, max: number) {
  return number(
    (value) => Number.isInteger(value) && value >= min && value <= max,
    words(`must be a whole number from ${min} to ${max}`, { problem: 'not-a-whole-number', min, max }),
  );
}

function numberWithin(min: number, max: number) {
  const message = words(`must be a number from ${min} to ${max}`, { problem: 'not-a-number', min, max });
  return number((value) => value >= min && value <= max, message);
}

function aboveZero(max: number) {
  const message = words(`must be a number above 0, up to ${max}`, { problem: 'not-above-zero', max });
  return number((value) => value > 0 && value <= max, message);
}

const flag = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, boolean>(({ dataset, addIssue, NEVER }) => {
    if (dataset.value === true || dataset.value === 'true') return true;
    if (dataset.value === false || dataset.value === 'false') return false;
    addIssue({ message: FLAG });
    return NEVER;
  }),
);

const name = v.pipe(
  v.string(TEXT),
  v.trim(),
  v.check(
    (text) => text.length > 0 && text.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(text),
    words(`must be 1 to ${MAX_NAME_LENGTH} characters on one line`, {
      problem: 'not-a-name',
      max: MAX_NAME_LENGTH,
    }),
  ),
);

export const PRINTABLE = words('must be printable ASCII without spaces', { problem: 'not-printable' });

/** Travels in an HTTP header, which limits its characters. */
const secret = v.pipe(
  v.string(TEXT),
  v.trim(),
  v.check((text) => /^[\x21-\x7e]+$/.test(text), PRINTABLE),
);

const endpoint = block({
  name,
  surface: choice(SURFACES),
  baseUrl: v.pipe(v.string(TEXT), v.transform(normalizeBaseUrl)),
});

const account = block(
  {
    name,
    credential: secret,
    weight: v.nullish(wholeNumber(1, 1000)),
    maxConcurrent: v.nullish(wholeNumber(1, 100_000)),
    cacheTtlMinutes: v.nullish(wholeNumber(0, 7 * 24 * 60)),
    rateMultiplier: v.nullish(numberWithin(0, 1000)),
    usdPerCredit: v.nullish(aboveZero(1_000_000)),
    cacheDomain: v.nullish(name),
    paused: v.nullish(flag),
  },
  ['credentialFile'],
);

const mapping = block({
  model: name,
  upstreamModel: v.nullish(name),
  aliases: list(name),
});

const provider = block({
  name,
  allowPrivateNetwork: v.nullish(flag),
  endpoints: list(endpoint),
  accounts: list(account),
  models: list(mapping),
});

const usd = v.nullish(
  number(
    (value) => value >= 0 && Number.isFinite(value),
    words('must be a number of at least 0', { problem: 'below-zero' }),
  ),
);

const tokenPrices = {
  inputUsdPerMillion: usd,
  outputUsdPerMillion: usd,
  cacheReadUsdPerMillion: usd,
  cacheWrite5mUsdPerMillion: usd,
  cacheWrite1hUsdPerMillion: usd,
};

const model = block({
  name,
  displayName: v.nullish(name),
  routePolicy: v.nullish(choice(ROUTE_POLICIES)),
  routeProfile: v.nullish(choice(ROUTE_PROFILES)),
  price: v.nullish(
    block({
      ...tokenPrices,
      tiers: list(block({ aboveInputTokens: wholeNumber(1, 1_000_000_000), ...tokenPrices })),
    }),
  ),
});

const user = block({ username: name, email: v.nullish(name) });

const apiKey = block(
  {
    name,
    key: v.pipe(
      secret,
      v.minLength(
        MIN_API_KEY_LENGTH,
        words(`must have at least ${MIN_API_KEY_LENGTH} characters`, {
          problem: 'too-short',
          min: MIN_API_KEY_LENGTH,
        }),
      ),
    ),
    user: v.nullish(name),
    expiresAt: v.nullish(dateTime),
    models: limitedTo(name),
    providers: limitedTo(name),
    surfaces: limitedTo(choice(SURFACES)),
    ips: limitedTo(ipRange),
    requestsPerMinute: v.nullish(wholeNumber(1, MAX_PER_MINUTE)),
    tokensPerMinute: v.nullish(wholeNumber(1, MAX_PER_MINUTE)),
    maxConcurrent: v.nullish(wholeNumber(1, MAX_CONCURRENT)),
    budgetUsdPerDay: v.nullish(aboveZero(MAX_BUDGET_USD)),
    budgetUsdPerMonth: v.nullish(aboveZero(MAX_BUDGET_USD)),
  },
  ['keyFile'],
);

const listenHost = v.pipe(
  v.string(TEXT),
  v.check(
    isListenHost,
    words('must be a host name or an address, without scheme or port', { problem: 'not-a-host' }),
  ),
);

/** A day is longer than any reply. */
const seconds = v.nullish(aboveZero(86_400));

/** How requests are treated on their way; the keys of Settings. */
const requestSettings = {
  translation: v.nullish(flag),
  timeouts: v.nullish(
    block({
      connectSeconds: seconds,
      firstByteSeconds: seconds,
      streamFirstByteSeconds: seconds,
      streamGapSeconds: seconds,
      keepAliveSeconds: seconds,
      deadlineSeconds: seconds,
      queueSeconds: seconds,
      shutdownSeconds: seconds,
    }),
  ),
  limits: v.nullish(
    block({
      maxBodyMb: v.nullish(aboveZero(4_096)),
      maxInFlight: v.nullish(wholeNumber(1, 1_000_000)),
      maxBufferedMb: v.nullish(aboveZero(1_000_000)),
    }),
  ),
  clientGone: v.nullish(block({ policy: v.nullish(choice(['cancel', 'drain'])), drainSeconds: seconds })),
  bodyLog: v.nullish(
    block({
      enabled: v.nullish(flag),
      maxKb: v.nullish(wholeNumber(1, 100_000)),
      ttlHours: v.nullish(aboveZero(24 * 365)),
    }),
  ),
};

const share = v.nullish(numberWithin(0, 1));

/** How an account is chosen, and what is done for the prompt caches; the keys of Settings. */
const cacheSettings = {
  routing: v.nullish(
    block({
      policy: v.nullish(choice(ROUTE_POLICIES)),
      profile: v.nullish(choice(ROUTE_PROFILES)),
      maxWaitSeconds: v.nullish(numberWithin(0, 3600)),
      warmthScope: v.nullish(choice(WARMTH_SCOPES)),
    }),
  ),
  reservation: v.nullish(
    block({
      enabled: v.nullish(flag),
      probePhaseRequests: v.nullish(wholeNumber(0, 1_000_000)),
      probeReservation: share,
      stableMinReservation: share,
      stableMaxReservation: share,
      lowLoadThreshold: share,
      highLoadThreshold: share,
      successCountForFullConfidence: v.nullish(wholeNumber(1, 1_000_000)),
      cooldownHoursForFullConfidence: v.nullish(aboveZero(24 * 365)),
    }),
  ),
  cacheLevers: v.nullish(
    block({
      chooseTtl: v.nullish(flag),
      placeBreakpoints: v.nullish(flag),
      setPromptCacheKey: v.nullish(flag),
      keepWarm: v.nullish(
        block({
          enabled: v.nullish(flag),
          maxUsdPerDay: v.nullish(numberWithin(0, 1_000_000)),
          maxPings: v.nullish(wholeNumber(1, 100)),
        }),
      ),
    }),
  ),
};

const httpUrl = v.pipe(
  v.string(TEXT),
  v.trim(),
  v.check(
    (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
    words('must be an http or https URL', { problem: 'not-a-url' }),
  ),
);

/** What the program tells of itself. All but the alerts hold from the start of the program. */
const observability = {
  metrics: v.nullish(block({ open: v.nullish(flag) })),
  log: v.nullish(
    block({
      level: v.nullish(choice(['info', 'warn', 'error'])),
      format: v.nullish(choice(['json', 'text'])),
      requests: v.nullish(flag),
    }),
  ),
  telemetry: v.nullish(
    block({
      otlpEndpoint: v.nullish(httpUrl),
      otlpHeaders: v.nullish(
        v.record(v.string(), secret, words('must be a block of header names', { problem: 'not-a-block' })),
      ),
      serviceName: v.nullish(name),
      sampleRatio: share,
    }),
  ),
  alerts: v.nullish(
    block({
      enabled: v.nullish(flag),
      webhookUrl: v.nullish(httpUrl),
      allowPrivateNetwork: v.nullish(flag),
      minRequests: v.nullish(wholeNumber(1, 1_000_000)),
      dropShare: v.nullish(numberWithin(0.01, 1)),
      windowMinutes: v.nullish(wholeNumber(1, 24 * 60)),
      baselineHours: v.nullish(wholeNumber(1, 24 * 30)),
      cooldownMinutes: v.nullish(wholeNumber(0, 7 * 24 * 60)),
    }),
  ),
};

export const configFileSchema = block({
  port: v.nullish(wholeNumber(0, 65_535)),
  host: v.nullish(listenHost),
  dataDir: v.nullish(name),
  requireApiKey: v.nullish(flag),
  trustedProxies: limitedTo(ipRange),
  affinity: v.nullish(
    block({
      enabled: v.nullish(flag),
      ttlSeconds: v.nullish(wholeNumber(1, 7 * 24 * 60 * 60)),
      scope: v.nullish(choice(['session', 'api-key'])),
    }),
  ),
  retention: v.nullish(
    block({
      maxAgeDays: v.nullish(wholeNumber(1, 36_500)),
      maxRows: v.nullish(wholeNumber(1, 1_000_000_000)),
    }),
  ),
  routingHeaders: v.nullish(flag),
  ...cacheSettings,
  ...requestSettings,
  ...observability,
  prune: v.nullish(flag),
  providers: list(provider),
  models: list(model),
  users: list(user),
  apiKeys: list(apiKey),
});

/** A valid configuration file. Secrets are resolved: no references to files or the environment are left. */
export type ConfigFile = v.InferOutput<typeof configFileSchema>;
type Item<List> = List extends readonly (infer Element)[] ? Element : never;
export type ConfigProvider = Item<ConfigFile['providers']>;
export type ConfigAccount = Item<ConfigProvider['accounts']>;
export type ConfigModel = Item<ConfigFile['models']>;
export type ConfigApiKey = Item<ConfigFile['apiKeys']>;
