// The settings of the whole gateway: read, and changed in part.

import * as v from 'valibot';
import { DEFAULT_SETTINGS, type Settings } from '../gateway/ports.ts';
import { reservationFaults } from '../gateway/routing-settings.ts';
import { AlertSettingsRef, alertFields, changedAlerts } from './alert-settings.ts';
import { builder, VIEWER } from './builder.ts';
import { aboveZero, checkInput, ipRangesField, switchField, wholeNumber } from './fields.ts';
import {
  CacheLeverSettingsRef,
  cacheLeverFields,
  DynamicReservationRef,
  RoutingSettingsRef,
  reservationFields,
  routingFields,
} from './routing-settings.ts';
import { UpdateSettingsInput } from './settings-input.ts';
import {
  AffinitySettingsRef,
  BodyLogSettingsRef,
  ClientGoneSettingsRef,
  LimitSettingsRef,
  RetentionSettingsRef,
  TimeoutSettingsRef,
} from './settings-parts.ts';
import { ERRORS, ExpectedFailure, payload, type UserError, UserErrorRef } from './user-error.ts';
import { conflict, PRESENT, settingsVersion, VERSION } from './version.ts';

const SettingsRef = builder.objectRef<Settings>('Settings').implement({
  description: 'How the gateway treats requests. A change holds for every request that begins after it.',
  authScopes: VIEWER,
  fields: (t) => ({
    version: t.string({ description: `${VERSION} Of all settings together.`, resolve: settingsVersion }),
    requireApiKey: t.exposeBoolean('requireApiKey', {
      description: 'Callers must present an API key of this gateway.',
    }),
    trustedProxies: t.exposeStringList('trustedProxies', {
      description:
        "Addresses and CIDR ranges whose `x-forwarded-for` is believed, beside this machine's own: API keys may be limited to addresses.",
    }),
    routingHeaders: t.exposeBoolean('routingHeaders', {
      description: 'Replies carry `x-warmpath-account` and `x-warmpath-affinity`.',
    }),
    translation: t.exposeBoolean('translation', {
      description: "Requests may go to endpoints of another surface when no account speaks the caller's.",
    }),
    affinity: t.field({
      type: AffinitySettingsRef,
      description: 'Returning to a warm account.',
      resolve: ({ affinity }) => affinity,
    }),
    routing: t.field({
      type: RoutingSettingsRef,
      description: 'How accounts are chosen.',
      resolve: ({ routing }) => routing,
    }),
    reservation: t.field({
      type: DynamicReservationRef,
      description: 'Slots held back for callers who are warm.',
      resolve: ({ reservation }) => reservation,
    }),
    cacheLevers: t.field({
      type: CacheLeverSettingsRef,
      description: 'What may be done to requests so that more of them is cached.',
      resolve: ({ cacheLevers }) => cacheLevers,
    }),
    retention: t.field({
      type: RetentionSettingsRef,
      description: 'How much of the request log is kept.',
      resolve: ({ retention }) => retention,
    }),
    timeouts: t.field({
      type: TimeoutSettingsRef,
      description: 'How long things may take.',
      resolve: ({ timeouts }) => timeouts,
    }),
    limits: t.field({
      type: LimitSettingsRef,
      description: 'How much the gateway takes on.',
      resolve: ({ limits }) => limits,
    }),
    clientGone: t.field({
      type: ClientGoneSettingsRef,
      description: 'What becomes of a reply whose client has hung up.',
      resolve: ({ clientGone }) => clientGone,
    }),
    bodyLog: t.field({
      type: BodyLogSettingsRef,
      description: 'Keeping what requests and replies say.',
      resolve: ({ bodyLog }) => bodyLog,
    }),
    alerts: t.field({
      type: AlertSettingsRef,
      description: 'Alerts about prompt caches that serve less than they used to.',
      resolve: ({ alerts }) => alerts,
    }),
  }),
});

interface SettingsShape {
  settings: Settings | null;
}

const SettingsPayload = builder
  .objectRef<SettingsShape & { errors: UserError[] }>('SettingsPayload')
  .implement({
    description: 'Result of changing the settings.',
    authScopes: VIEWER,
    fields: (t) => ({
      settings: t.field({
        type: SettingsRef,
        nullable: true,
        description: PRESENT,
        resolve: ({ settings }) => settings,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const seconds = aboveZero(86_400);

const settingsFields = v.partial(
  v.object({
    requireApiKey: switchField,
    trustedProxies: ipRangesField,
    routingHeaders: switchField,
    translation: switchField,
    affinity: v.partial(
      v.object({
        enabled: switchField,
        ttlSeconds: wholeNumber(1, 7 * 24 * 3600),
        scope: v.picklist(['session', 'api-key']),
      }),
    ),
    routing: routingFields,
    reservation: reservationFields,
    cacheLevers: cacheLeverFields,
    retention: v.partial(
      v.object({ maxAgeDays: wholeNumber(1, 36_500), maxRows: wholeNumber(1, 1_000_000_000) }),
    ),
    timeouts: v.partial(
      v.object({
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
    limits: v.partial(
      v.object({
        maxBodyMb: aboveZero(4_096),
        maxInFlight: wholeNumber(1, 1_000_000),
        maxBufferedMb: aboveZero(1_000_000),
      }),
    ),
    clientGone: v.partial(v.object({ policy: v.picklist(['cancel', 'drain']), drainSeconds: seconds })),
    bodyLog: v.partial(
      v.object({ enabled: switchField, maxKb: wholeNumber(1, 100_000), ttlHours: aboveZero(24 * 365) }),
    ),
    alerts: alertFields,
  }),
);

builder.queryField('settings', (t) =>
  t.field({
    type: SettingsRef,
    description: 'The settings as they are now.',
    resolve: (_root, _args, { parts }) => parts.catalog.current.settings,
  }),
);

builder.queryField('defaultSettings', (t) =>
  t.field({
    type: SettingsRef,
    description: 'The settings of a gateway on which nobody has changed any, in the units of `settings`.',
    resolve: () => DEFAULT_SETTINGS,
  }),
);

builder.mutationField('updateSettings', (t) =>
  t.field({
    type: SettingsPayload,
    description: 'Changes settings; what is absent stays.',
    args: { input: t.arg({ type: UpdateSettingsInput, required: true }) },
    resolve: (_root, { input }, { desk, parts }) =>
      payload<SettingsShape>({ settings: null }, () =>
        desk.edit(async ({ settings }) => {
          const found = { what: 'the settings', version: settingsVersion(settings), given: input.version };
          const refused = conflict(found, { settings });
          if (refused) return refused;
          const given = checkInput(settingsFields, withoutNulls(input));
          const alerts = await changedAlerts(settings.alerts, given.alerts, parts.vault);
          const row = { ...merged(settings, given), alerts };
          refuseContradictions(row, given);
          return { changes: [{ kind: 'put-settings' as const, row }], result: () => ({ settings: row }) };
        }),
      ),
  }),
);

function merged(current: Settings, given: v.InferOutput<typeof settingsFields>): Omit<Settings, 'alerts'> {
  return {
    requireApiKey: given.requireApiKey ?? current.requireApiKey,
    trustedProxies: given.trustedProxies ?? current.trustedProxies,
    routingHeaders: given.routingHeaders ?? current.routingHeaders,
    translation: given.translation ?? current.translation,
    affinity: changedBlock(current.affinity, given.affinity),
    routing: changedBlock(current.routing, given.routing),
    reservation: changedBlock(current.reservation, given.reservation),
    cacheLevers: {
      ...changedBlock(current.cacheLevers, { ...given.cacheLevers, keepWarm: undefined }),
      keepWarm: changedBlock(current.cacheLevers.keepWarm, given.cacheLevers?.keepWarm),
    },
    retention: changedBlock(current.retention, given.retention),
    timeouts: changedBlock(current.timeouts, given.timeouts),
    limits: changedBlock(current.limits, given.limits),
    clientGone: changedBlock(current.clientGone, given.clientGone),
    bodyLog: changedBlock(current.bodyLog, given.bodyLog),
  };
}

function changedBlock<Block extends object>(
  current: Block,
  given: { [Key in keyof Block]?: Block[Key] | undefined } | undefined,
): Block {
  return { ...current, ...given };
}

function refuseContradictions({ reservation }: Settings, given: v.InferOutput<typeof settingsFields>): void {
  const faults = given.reservation ? reservationFaults(reservation, given.reservation) : [];
  if (faults.length === 0) return;
  throw new ExpectedFailure(
    faults.map(({ field, message, ...fault }) => ({
      code: 'invalid-value',
      message: `Cannot accept reservation.${field}: it ${message}`,
      path: ['input', 'reservation', field],
      retryAfterSeconds: null,
      ...fault,
    })),
  );
}

/** The only setting that can be cleared. */
const CLEARABLE = 'maxWaitSeconds';

/** Null is how GraphQL clients leave a field out when they have a variable for it. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const given = Object.entries(value).filter(
    ([key, part]) => part !== undefined && (part !== null || key === CLEARABLE),
  );
  return Object.fromEntries(given.map(([key, part]) => [key, withoutNulls(part)]));
}
