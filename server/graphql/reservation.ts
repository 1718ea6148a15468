// What each account holds back for warm callers now, and all of them together.

import type { Account } from '../gateway/ports.ts';
import type { ReservationSettings } from '../gateway/routing-settings.ts';
import { type Reservation, slotsForNewcomers } from '../routing/reservation.ts';
import type { ReservationStats } from '../routing/reservation-book.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef } from './refs.ts';

export interface AccountReservation extends Reservation {
  /** Null = no limit is known. */
  newcomerSlots: number | null;
}

const ReservationPhaseRef = builder.enumType('ReservationPhase', {
  description: 'How much is known of an account.',
  values: {
    PROBE: { value: 'probe', description: 'It has taken few requests yet: a fixed share is held back.' },
    STABLE: { value: 'stable', description: 'The share follows load and confidence.' },
  } as const,
});

const ReservationReasonRef = builder.enumType('ReservationReason', {
  description: 'Why an account holds back as much as it does.',
  values: {
    OFF: { value: 'off', description: 'The reservation is switched off.' },
    PROBE: { value: 'probe', description: 'It has taken few requests yet.' },
    LOW_LOAD: { value: 'low-load', description: 'There is room enough: the least is held back.' },
    LOW_CONFIDENCE: {
      value: 'low-confidence',
      description: 'Its history is worth little: held back with caution.',
    },
    HIGH_LOAD: {
      value: 'high-load',
      description: 'It is nearly full and trusted: warm callers are protected.',
    },
    DYNAMIC: { value: 'dynamic', description: 'By its load and its confidence.' },
  } as const,
});

const RATIO = 'Share of the slots held back, as a fraction 0 to 1; 0 while the reservation is off.';

export const AccountReservationRef = builder.objectRef<AccountReservation>('AccountReservation').implement({
  description: 'What an account holds back for callers who are warm there.',
  authScopes: VIEWER,
  fields: (t) => ({
    ratio: t.exposeFloat('ratio', { description: RATIO }),
    phase: t.field({
      type: ReservationPhaseRef,
      description: 'How much is known of the account.',
      resolve: ({ phase }) => phase,
    }),
    confidence: t.exposeFloat('confidence', {
      description:
        'What its successes, the time since its last 429 and the steadiness of its limit are worth together, as a fraction 0 to 1; 0 in the probe phase.',
    }),
    loadFactor: t.exposeFloat('loadFactor', {
      description: 'Used share of its slots, as a fraction 0 to 1; 0 when it has no limit.',
    }),
    reason: t.exposeString('reason', { description: 'Why so much, in English.' }),
    reasonCode: t.field({
      type: ReservationReasonRef,
      description: 'The same for programs.',
      resolve: ({ reasonCode }) => reasonCode,
    }),
    newcomerSlots: t.exposeInt('newcomerSlots', {
      nullable: true,
      description:
        'Requests at the same time up to which callers who are not warm there are let in; null when it has no limit. The policy WARM_COST lets in more while fewer warm callers are likely to return.',
    }),
  }),
});

export const ReservationStatsRef = builder.objectRef<ReservationStats>('ReservationStats').implement({
  description: 'The reservation as it was applied to requests since the start of this process.',
  authScopes: VIEWER,
  fields: (t) => ({
    totalChecks: t.field({
      type: 'Long',
      description: 'Times that it was worked out for a request and an account.',
      resolve: ({ totalChecks }) => totalChecks,
    }),
    averageRatio: t.exposeFloat('averageRatio', {
      nullable: true,
      description:
        'Share of the slots held back, as a fraction 0 to 1, smoothed over the latest checks; null before the first.',
    }),
    probePhaseShare: t.exposeFloat('probePhaseShare', {
      description: 'Checks that found an account in its probe phase, as a fraction 0 to 1 of all.',
    }),
  }),
});

builder.objectField(AccountRef, 'reservation', (t) =>
  t.field({
    type: AccountReservationRef,
    description: 'What it holds back now for callers who are warm there.',
    resolve: (account, _args, { parts }) =>
      reservationOfAccount(account, parts, parts.catalog.current.settings.reservation),
  }),
);

/** Mean over all accounts; without any, what a new one would hold back. */
export function meanReservationRatio(parts: AdminParts): number {
  const { rows } = parts.catalog.current;
  const { enabled, probeReservation } = rows.settings.reservation;
  if (rows.accounts.length === 0) return enabled ? probeReservation : 0;
  // In this form the mean of equal ratios is that ratio, to the last digit.
  return rows.accounts.reduce(
    (mean, account, index) =>
      mean + (look(account, parts, rows.settings.reservation).ratio - mean) / (index + 1),
    0,
  );
}

/** What it holds back now, or would under other settings. */
export function reservationOfAccount(
  account: Account,
  parts: AdminParts,
  settings: ReservationSettings,
): AccountReservation {
  const found = look(account, parts, settings);
  const slots = parts.slots.limitOf(account);
  return { ...found, newcomerSlots: slots === null ? null : slotsForNewcomers(slots, found.ratio) };
}

function look(
  account: Account,
  { slots, reservations }: AdminParts,
  settings: ReservationSettings,
): Reservation {
  const load = {
    slots: slots.limitOf(account),
    inFlight: slots.inFlight(account.id),
    learned: slots.learned(account.id),
  };
  return reservations.look(account.id, load, settings);
}
