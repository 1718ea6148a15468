// The blocks of the settings as they are entered: every field may be left out.

import { AlertSettingsInput } from './alert-settings.ts';
import { builder } from './builder.ts';
import {
  CacheLeverSettingsInput,
  ReservationSettingsInput,
  RoutingSettingsInput,
} from './routing-settings.ts';
import { AffinityScopeRef, ClientGonePolicyRef } from './settings-enums.ts';
import { READ_VERSION } from './version.ts';

const AffinitySettingsInput = builder.inputType('AffinitySettingsInput', {
  description: 'Returning to a warm account.',
  fields: (t) => ({
    enabled: t.boolean({ description: 'Sessions return to the account that has their prompt in its cache.' }),
    ttlSeconds: t.int({ description: 'Seconds that a binding lives after its last use, 1 to 604800.' }),
    scope: t.field({ type: AffinityScopeRef, description: 'What a binding belongs to.' }),
  }),
});

const RetentionSettingsInput = builder.inputType('RetentionSettingsInput', {
  description: 'How much of the request log is kept.',
  fields: (t) => ({
    maxAgeDays: t.int({ description: 'Older rows are deleted.' }),
    maxRows: t.int({ description: 'Rows beyond the newest so many are deleted.' }),
  }),
});

const TimeoutSettingsInput = builder.inputType('TimeoutSettingsInput', {
  description: 'Seconds; fractions above 0 are allowed.',
  fields: (t) => ({
    connectSeconds: t.float({ description: 'Name lookup, connection and TLS together.' }),
    firstByteSeconds: t.float({ description: 'Until the first byte of a reply that is not streamed.' }),
    streamFirstByteSeconds: t.float({ description: 'Until the first generated event of a stream.' }),
    streamGapSeconds: t.float({ description: 'Longest silence inside a stream.' }),
    keepAliveSeconds: t.float({ description: 'A silent stream gets a comment this often.' }),
    deadlineSeconds: t.float({
      description: 'All attempts of one request together, until its reply begins.',
    }),
    queueSeconds: t.float({ description: 'Longest wait for a free place when the gateway itself is full.' }),
    shutdownSeconds: t.float({ description: 'Running replies may take this long after SIGTERM.' }),
  }),
});

const LimitSettingsInput = builder.inputType('LimitSettingsInput', {
  description: 'How much the gateway takes on.',
  fields: (t) => ({
    maxBodyMb: t.float({ description: 'Largest request body in MB, after decompression.' }),
    maxInFlight: t.int({ description: 'Requests under way in the whole gateway.' }),
    maxBufferedMb: t.float({ description: 'Request bodies held in memory together, in MB.' }),
  }),
});

const ClientGoneSettingsInput = builder.inputType('ClientGoneSettingsInput', {
  description: 'What becomes of a reply whose client has hung up.',
  fields: (t) => ({
    policy: t.field({ type: ClientGonePolicyRef, description: 'Stop the upstream, or read on.' }),
    drainSeconds: t.float({ description: 'Longest reading on, in seconds.' }),
  }),
});

const BodyLogSettingsInput = builder.inputType('BodyLogSettingsInput', {
  description: 'Keeping what requests and replies say: without secrets, cut, and for a while only.',
  fields: (t) => ({
    enabled: t.boolean({ description: 'Off unless somebody needs it.' }),
    maxKb: t.int({ description: 'KB kept of each.' }),
    ttlHours: t.float({ description: 'Hours until they are deleted.' }),
  }),
});

export const UpdateSettingsInput = builder.inputType('UpdateSettingsInput', {
  description: 'Changes of the settings; what is absent or null stays, but for `routing.maxWaitSeconds`.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    requireApiKey: t.boolean({ description: 'Callers must present an API key of this gateway.' }),
    trustedProxies: t.stringList({
      description:
        "Addresses and CIDR ranges whose `x-forwarded-for` is believed, beside this machine's own. Replaces the list.",
    }),
    routingHeaders: t.boolean({
      description: 'Replies carry `x-warmpath-account` and `x-warmpath-affinity`.',
    }),
    translation: t.boolean({
      description: "Requests may go to endpoints of another surface when no account speaks the caller's.",
    }),
    affinity: t.field({ type: AffinitySettingsInput, description: 'Returning to a warm account.' }),
    routing: t.field({ type: RoutingSettingsInput, description: 'How accounts are chosen.' }),
    reservation: t.field({
      type: ReservationSettingsInput,
      description: 'Slots held back for callers who are warm.',
    }),
    cacheLevers: t.field({
      type: CacheLeverSettingsInput,
      description: 'What may be done to requests so that more of them is cached.',
    }),
    retention: t.field({ type: RetentionSettingsInput, description: 'How much of the request log is kept.' }),
    timeouts: t.field({ type: TimeoutSettingsInput, description: 'Seconds; fractions above 0 are allowed.' }),
    limits: t.field({ type: LimitSettingsInput, description: 'How much the gateway takes on.' }),
    clientGone: t.field({
      type: ClientGoneSettingsInput,
      description: 'What becomes of a reply whose client has hung up.',
    }),
    bodyLog: t.field({
      type: BodyLogSettingsInput,
      description: 'Keeping what requests and replies say: without secrets, cut, and for a while only.',
    }),
    alerts: t.field({
      type: AlertSettingsInput,
      description: 'Alerts about prompt caches that serve less than they used to.',
    }),
  }),
});
