// What other settings of the reservation would hold back: curves over the load, and each account as it is now. Changes nothing.

import type { Account } from '../gateway/ports.ts';
import { type ReservationSettings, reservationFaults } from '../gateway/routing-settings.ts';
import { probeRatio, stableRatioAt } from '../routing/reservation.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { checkInput } from './fields.ts';
import { type PageArgs, pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef } from './refs.ts';
import { type AccountReservation, AccountReservationRef, reservationOfAccount } from './reservation.ts';
import { DynamicReservationRef, ReservationSettingsInput, reservationFields } from './routing-settings.ts';
import { ERRORS, ExpectedFailure, payload, type UserError, UserErrorRef } from './user-error.ts';

/** Loads of a curve: every 5 %, and wherever one of the curves has a corner. */
const LOAD_STEPS = 20;
const MAX_CONFIDENCES = 10;

interface Pair {
  present: ReservationSettings;
  proposed: ReservationSettings;
}

interface CurvePoint {
  loadFactor: number;
  present: number;
  proposed: number;
}

interface Curve {
  confidence: number;
  points: CurvePoint[];
}

interface AccountPreview {
  account: Account;
  present: AccountReservation;
  proposed: AccountReservation;
}

interface PreviewShape {
  /** Null = the input was refused. */
  pair: Pair | null;
}

const SHARE = 'as a fraction 0 to 1 of the slots; 0 while the reservation is off.';

const CurvePointRef = builder.objectRef<CurvePoint>('ReservationCurvePoint').implement({
  description: 'What is held back at one load.',
  authScopes: VIEWER,
  fields: (t) => ({
    loadFactor: t.exposeFloat('loadFactor', {
      description: 'Used share of the slots, as a fraction 0 to 1.',
    }),
    present: t.exposeFloat('present', { description: `Held back by the settings in force, ${SHARE}` }),
    proposed: t.exposeFloat('proposed', { description: `Held back by the proposed settings, ${SHARE}` }),
  }),
});

const CurveRef = builder.objectRef<Curve>('ReservationCurve').implement({
  description: 'What an account in its stable phase holds back, by its load, for one confidence.',
  authScopes: VIEWER,
  fields: (t) => ({
    confidence: t.exposeFloat('confidence', {
      description: 'What the history of the account is worth, as a fraction 0 to 1.',
    }),
    points: t.field({
      type: [CurvePointRef],
      description: 'By load, least first, from 0 to 1; between them the lines are straight.',
      resolve: ({ points }) => points,
    }),
  }),
});

const AccountPreviewRef = builder.objectRef<AccountPreview>('AccountReservationPreview').implement({
  description: 'What one account holds back with its load and history of now, before and after.',
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({ type: AccountRef, description: 'Which.', resolve: ({ account }) => account }),
    present: t.field({
      type: AccountReservationRef,
      description: 'By the settings in force.',
      resolve: ({ present }) => present,
    }),
    proposed: t.field({
      type: AccountReservationRef,
      description: 'By the proposed settings.',
      resolve: ({ proposed }) => proposed,
    }),
  }),
});

const AccountPreviewConnection = builder.connectionObject({
  type: AccountPreviewRef,
  name: 'AccountReservationPreviewConnection',
});

const PreviewRef = builder.objectRef<PreviewShape & { errors: UserError[] }>('ReservationPreview').implement({
  description: 'What other settings of the reservation would hold back. Nothing is changed by looking.',
  authScopes: VIEWER,
  fields: (t) => ({
    settings: t.field({
      type: DynamicReservationRef,
      nullable: true,
      description: 'The proposed settings, complete; null when the input was refused.',
      resolve: ({ pair }) => pair?.proposed ?? null,
    }),
    probePresent: t.float({
      nullable: true,
      description: `Held back in the probe phase by the settings in force, at any load, ${SHARE}`,
      resolve: ({ pair }) => pair && probeRatio(pair.present),
    }),
    probeProposed: t.float({
      nullable: true,
      description: `Held back in the probe phase by the proposed settings, at any load, ${SHARE}`,
      resolve: ({ pair }) => pair && probeRatio(pair.proposed),
    }),
    curves: t.field({
      type: [CurveRef],
      description: 'Shares held back over the load, one curve for each confidence; none when refused.',
      args: {
        confidences: t.arg.floatList({
          defaultValue: [0, 0.5, 1],
          description: `Up to ${MAX_CONFIDENCES} fractions 0 to 1.`,
        }),
      },
      resolve: ({ pair }, { confidences }) => curvesOf(pair, confidences ?? []),
    }),
    accounts: t.field({
      type: AccountPreviewConnection,
      description: 'Every account, by name; none when refused.',
      args: pageArgs(t),
      resolve: ({ pair }, page, { parts }) => accountPage(pair, parts, page),
    }),
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

builder.queryField('reservationPreview', (t) =>
  t.field({
    type: PreviewRef,
    description:
      'What the accounts would hold back under other settings of the reservation, by the formulas that route requests. What is absent from the input stays as it is; what `updateSettings` refuses is refused here.',
    args: { input: t.arg({ type: ReservationSettingsInput, required: true }) },
    resolve: (_root, { input }, { parts }) =>
      payload<PreviewShape>({ pair: null }, async () => {
        const present = parts.catalog.current.settings.reservation;
        return { pair: { present, proposed: proposedBy(input, present) } };
      }),
  }),
);

function proposedBy(
  input: typeof ReservationSettingsInput.$inferInput,
  present: ReservationSettings,
): ReservationSettings {
  const stated = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const given = checkInput(reservationFields, Object.fromEntries(stated));
  const proposed = merged(present, given);
  const faults = reservationFaults(proposed, given);
  if (faults.length === 0) return proposed;
  throw new ExpectedFailure(
    faults.map(({ field, message, ...fault }) => ({
      code: 'invalid-value',
      message: `Cannot accept ${field}: it ${message}`,
      path: ['input', field],
      retryAfterSeconds: null,
      ...fault,
    })),
  );
}

function merged<Block extends object>(
  present: Block,
  given: { [Field in keyof Block]?: Block[Field] | undefined },
): Block {
  return { ...present, ...given };
}

function curvesOf(pair: Pair | null, confidences: readonly number[]): Curve[] {
  if (confidences.length > MAX_CONFIDENCES || confidences.some((each) => !(each >= 0 && each <= 1))) {
    throw badInput(`Cannot draw curves: confidences must be up to ${MAX_CONFIDENCES} fractions from 0 to 1`);
  }
  if (!pair) return [];
  const loads = loadsOf(pair);
  return confidences.map((confidence) => ({
    confidence,
    points: loads.map((loadFactor) => ({
      loadFactor,
      present: stableRatioAt({ confidence, loadFactor }, pair.present),
      proposed: stableRatioAt({ confidence, loadFactor }, pair.proposed),
    })),
  }));
}

function loadsOf({ present, proposed }: Pair): number[] {
  const steps = Array.from({ length: LOAD_STEPS + 1 }, (_unused, step) => step / LOAD_STEPS);
  const corners = [present, proposed].flatMap((each) => [each.lowLoadThreshold, each.highLoadThreshold]);
  return [...new Set([...steps, ...corners])].toSorted((a, b) => a - b);
}

function accountPage(pair: Pair | null, parts: AdminParts, page: PageArgs) {
  const accounts = pair ? parts.catalog.current.rows.accounts : [];
  const found = pageOf(accounts, page, {
    order: 'name',
    keyOf: ({ name, id }) => [name.toLowerCase(), id],
  });
  const previewOf = (account: Account, { present, proposed }: Pair): AccountPreview => ({
    account,
    present: reservationOfAccount(account, parts, present),
    proposed: reservationOfAccount(account, parts, proposed),
  });
  const edges = found.edges.flatMap(({ cursor, node }) =>
    pair ? [{ cursor, node: previewOf(node, pair) }] : [],
  );
  return { ...found, edges };
}
