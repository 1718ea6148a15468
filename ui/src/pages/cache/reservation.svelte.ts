// The reservation's settings as they are, a draft of others with its preview, and the accounts that it holds for; live.

import { onDestroy } from 'svelte';
import { type ApiError, asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { openFeed } from '../../lib/live.svelte.ts';
import { LookBack } from '../../lib/look-back.svelte.ts';
import { Meanwhile } from '../../lib/meanwhile.ts';
import { Resource } from '../../lib/resource.svelte.ts';
import { faultText, type InputError } from '../../parts/problem-text.ts';
import { changesOf, errorsByField, isChanged } from './draft.ts';
import {
  type HeldBack,
  PREVIEW,
  type Preview,
  RESERVING_ACCOUNTS,
  RESERVING_CHANGED,
  type ReservationValues,
  type ReservingAccount,
  SAVE,
  SETTINGS,
} from './queries.ts';

/** Curves are drawn for accounts whose history is worth so much. */
const CONFIDENCES = [0.3, 0.6, 1];
/** Between two previews while a slider is dragged, and while accounts only change by themselves. */
const DRAG_MS = 120;
const LIVE_MS = 3_000;

interface Known {
  version: string;
  reservation: ReservationValues;
}

interface ShownPreview {
  curves: Preview['curves'];
  probePresent: number | null;
  probeProposed: number | null;
  proposed: ReadonlyMap<string, HeldBack>;
  errors: Record<string, string>;
}

export class ReservationDesk {
  known = $state.raw<Known | null>(null);
  draft = $state.raw<ReservationValues | null>(null);
  loadError = $state.raw<ApiError | null>(null);
  /** What is in force by now, after somebody else changed it. */
  conflict = $state.raw<Known | null>(null);
  saveError = $state.raw<ApiError | null>(null);
  refused = $state.raw<Record<string, string>>({});
  isSaving = $state(false);
  preview = new Resource(() => this.#fetchPreview());
  isDirty = $derived(
    this.known !== null && this.draft !== null && isChanged(this.known.reservation, this.draft),
  );
  /** Of the draft: by the preview, else by the last attempt to save it. */
  errors = $derived({ ...this.refused, ...this.preview.value?.errors });
  readonly accounts: AccountList;

  constructor() {
    this.accounts = new AccountList(() => this.preview.reloadSoon(this.isDirty ? LIVE_MS : 2 * LIVE_MS));
  }

  load = async (): Promise<void> => {
    try {
      this.loadError = null;
      this.#accept((await run(SETTINGS, {})).settings);
    } catch (failure) {
      this.loadError = asApiError(failure);
    }
  };

  set<Field extends keyof ReservationValues>(field: Field, value: ReservationValues[Field]): void {
    if (!this.draft) return;
    this.draft = { ...this.draft, [field]: value };
    this.refused = {};
    this.preview.reloadSoon(DRAG_MS);
  }

  reset = (): void => {
    if (this.known) this.#accept(this.known);
  };

  /** Goes on with what somebody else has saved; the draft is given up. */
  takeConflict = (): void => {
    if (!this.conflict) return;
    this.#accept(this.conflict);
    this.accounts.refreshSoon();
  };

  /** True when it was saved. Otherwise the draft stays, and the reason stands beside it. */
  async save(): Promise<boolean> {
    const { known, draft } = this;
    if (!known || !draft) return false;
    this.isSaving = true;
    this.saveError = null;
    try {
      const input = { version: known.version, reservation: changesOf(known.reservation, draft) };
      const { updateSettings } = await run(SAVE, { input });
      return this.#settle(updateSettings);
    } catch (failure) {
      this.saveError = asApiError(failure);
      return false;
    } finally {
      this.isSaving = false;
    }
  }

  dispose(): void {
    this.preview.dispose();
    this.accounts.dispose();
  }

  #settle({ settings, errors }: { settings: Known | null; errors: InputError[] }): boolean {
    if (errors.some(({ code }) => code === 'version-conflict') && settings) {
      this.conflict = settings;
      return false;
    }
    this.refused = errorsByField(errors.map(worded));
    const unplaced = errors.filter(({ path }) => path === null);
    refuseUserErrors(unplaced);
    if (errors.length > 0 || !settings) return false;
    this.#accept(settings);
    this.accounts.refreshSoon();
    return true;
  }

  #accept(known: Known): void {
    this.known = known;
    this.draft = known.reservation;
    this.conflict = null;
    this.saveError = null;
    this.refused = {};
    void this.preview.reload();
  }

  async #fetchPreview(): Promise<ShownPreview> {
    const { known, draft } = this;
    const input = known && draft ? changesOf(known.reservation, draft) : {};
    const proposed = new Map<string, HeldBack>();
    let after: string | null = null;
    for (;;) {
      const variables = { input, confidences: CONFIDENCES, after };
      const found: Preview = (await run(PREVIEW, variables)).reservationPreview;
      for (const each of found.accounts.nodes) proposed.set(each.account.id, each.proposed);
      after = found.accounts.pageInfo.endCursor;
      if (found.accounts.pageInfo.hasNextPage && proposed.size < this.accounts.rows.length) continue;
      const { curves, probePresent, probeProposed, errors } = found;
      // What cannot be drawn stays as it was, so that the picture does not jump while a slider passes a limit.
      const last = errors.length > 0 ? this.preview.value : null;
      const shown = last ?? { curves, probePresent, probeProposed, proposed };
      return { ...shown, errors: errorsByField(errors.map(worded)) };
    }
  }
}

/** Every account that has been paged in, kept up to date by the API. */
export class AccountList {
  rows = $state.raw<readonly ReservingAccount[]>([]);
  isFirst = $state(true);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #after: string | null = null;
  #accountsChanged = 0;
  #changed: () => void;
  #again = new Resource(() => this.#reload());
  #meanwhile = new Meanwhile<ReservingAccount>();
  #missed = new LookBack('accountsChanged');
  #feed = openFeed(
    RESERVING_CHANGED,
    {},
    {
      onData: ({ accountChanged }) => this.#put(accountChanged),
      onOpen: (isAgain) => void (isAgain ? this.refreshSoon() : this.#missed.opened()),
    },
  );

  constructor(changed: () => void) {
    this.#changed = changed;
    void this.loadMore();
    this.#missed.watch(
      () => (this.isFirst || this.isLoading ? null : this.#accountsChanged),
      () => {
        this.refreshSoon();
        changed();
      },
    );
  }

  loadMore = async (): Promise<void> => {
    this.isLoading = true;
    try {
      const { accounts, liveCounts } = await run(RESERVING_ACCOUNTS, { after: this.#after });
      if (this.isFirst) this.#accountsChanged = liveCounts.accountsChanged;
      this.rows = [...this.rows, ...accounts.nodes.map(this.#meanwhile.latest)];
      this.#after = accounts.pageInfo.endCursor;
      this.hasMore = accounts.pageInfo.hasNextPage;
      this.isFirst = false;
      this.error = null;
      this.#changed();
    } catch (failure) {
      this.error = asApiError(failure);
    } finally {
      this.isLoading = false;
    }
  };

  refreshSoon(): void {
    if (!this.isFirst) this.#again.reloadSoon(DRAG_MS);
  }

  dispose(): void {
    this.#feed.close();
    this.#again.dispose();
  }

  #put(account: ReservingAccount): void {
    this.#meanwhile.tell(account);
    if (!this.rows.some(({ id }) => id === account.id)) {
      // One that is still to be paged in is told of as often as it is used.
      if (!this.hasMore) this.refreshSoon();
      return;
    }
    this.rows = this.rows.map((row) => (row.id === account.id ? account : row));
    this.#changed();
  }

  async #reload(): Promise<true> {
    this.#meanwhile.begin();
    const wanted = Math.max(1, this.rows.length);
    const rows: ReservingAccount[] = [];
    let after: string | null = null;
    let hasMore = true;
    while (hasMore && rows.length < wanted) {
      const { accounts }: { accounts: Page } = await run(RESERVING_ACCOUNTS, { after });
      rows.push(...accounts.nodes);
      after = accounts.pageInfo.endCursor;
      hasMore = accounts.pageInfo.hasNextPage;
    }
    this.rows = rows.map(this.#meanwhile.latest);
    this.#after = after;
    this.hasMore = hasMore;
    return true;
  }
}

interface Page {
  nodes: ReservingAccount[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** Loads as the component is created, and stops when it goes. */
export function followReservation(): ReservationDesk {
  const desk = new ReservationDesk();
  void desk.load();
  onDestroy(() => desk.dispose());
  return desk;
}

function worded(error: InputError): InputError {
  return { ...error, message: faultText(error) };
}
