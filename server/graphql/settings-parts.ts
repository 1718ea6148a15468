// The blocks of the settings as they are read.

import type { LimitSettings, Settings, TimeoutSettings } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import { AffinityScopeRef, ClientGonePolicyRef } from './settings-enums.ts';

export const AffinitySettingsRef = builder.objectRef<Settings['affinity']>('AffinitySettings').implement({
  description: 'Returning to a warm account.',
  authScopes: VIEWER,
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', {
      description: 'Sessions return to the account that has their prompt in its cache.',
    }),
    ttlSeconds: t.exposeInt('ttlSeconds', {
      description: 'Seconds that a binding lives after its last use, 1 to 604800.',
    }),
    scope: t.field({
      type: AffinityScopeRef,
      description: 'What a binding belongs to.',
      resolve: ({ scope }) => scope,
    }),
  }),
});

export const RetentionSettingsRef = builder.objectRef<Settings['retention']>('RetentionSettings').implement({
  description: 'How much of the request log is kept.',
  authScopes: VIEWER,
  fields: (t) => ({
    maxAgeDays: t.exposeInt('maxAgeDays', { description: 'Older rows are deleted.' }),
    maxRows: t.exposeInt('maxRows', { description: 'Rows beyond the newest so many are deleted.' }),
  }),
});

export const TimeoutSettingsRef = builder.objectRef<TimeoutSettings>('TimeoutSettings').implement({
  description: 'Seconds; fractions above 0 are allowed.',
  authScopes: VIEWER,
  fields: (t) => ({
    connectSeconds: t.exposeFloat('connectSeconds', {
      description: 'Name lookup, connection and TLS together.',
    }),
    firstByteSeconds: t.exposeFloat('firstByteSeconds', {
      description: 'Until the first byte of a reply that is not streamed.',
    }),
    streamFirstByteSeconds: t.exposeFloat('streamFirstByteSeconds', {
      description: 'Until the first generated event of a stream.',
    }),
    streamGapSeconds: t.exposeFloat('streamGapSeconds', { description: 'Longest silence inside a stream.' }),
    keepAliveSeconds: t.exposeFloat('keepAliveSeconds', {
      description: 'A silent stream gets a comment this often.',
    }),
    deadlineSeconds: t.exposeFloat('deadlineSeconds', {
      description: 'All attempts of one request together, until its reply begins.',
    }),
    queueSeconds: t.exposeFloat('queueSeconds', {
      description: 'Longest wait for a free place when the gateway itself is full.',
    }),
    shutdownSeconds: t.exposeFloat('shutdownSeconds', {
      description: 'Running replies may take this long after SIGTERM.',
    }),
  }),
});

export const LimitSettingsRef = builder.objectRef<LimitSettings>('LimitSettings').implement({
  description: 'How much the gateway takes on.',
  authScopes: VIEWER,
  fields: (t) => ({
    maxBodyMb: t.exposeFloat('maxBodyMb', {
      description: 'Largest request body in MB, after decompression.',
    }),
    maxInFlight: t.exposeInt('maxInFlight', { description: 'Requests under way in the whole gateway.' }),
    maxBufferedMb: t.exposeFloat('maxBufferedMb', {
      description: 'Request bodies held in memory together, in MB.',
    }),
  }),
});

export const ClientGoneSettingsRef = builder
  .objectRef<Settings['clientGone']>('ClientGoneSettings')
  .implement({
    description: 'What becomes of a reply whose client has hung up.',
    authScopes: VIEWER,
    fields: (t) => ({
      policy: t.field({
        type: ClientGonePolicyRef,
        description: 'Stop the upstream, or read on.',
        resolve: ({ policy }) => policy,
      }),
      drainSeconds: t.exposeFloat('drainSeconds', { description: 'Longest reading on, in seconds.' }),
    }),
  });

export const BodyLogSettingsRef = builder.objectRef<Settings['bodyLog']>('BodyLogSettings').implement({
  description: 'Keeping what requests and replies say: without secrets, cut, and for a while only.',
  authScopes: VIEWER,
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: 'Off unless somebody needs it.' }),
    maxKb: t.exposeInt('maxKb', { description: 'KB kept of each.' }),
    ttlHours: t.exposeFloat('ttlHours', { description: 'Hours until they are deleted.' }),
  }),
});
