// Watches the hit rates of API keys, models and accounts, and keeps the alerts that came of it.

import {
  ALERT_SUBJECTS,
  type AlertSettings,
  type AlertSubject,
  type CacheAlert,
  type CacheAlerts,
  type WebhookResult,
} from '../gateway/cache-alert.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import type { Clock, RequestRow } from '../gateway/ports.ts';
import { type AlertState, judge, newState, type Verdict } from './alert-rule.ts';
import { moveOn, newMemory, noteUse, type RateMemory, type RateSums, windowSums } from './hit-rates.ts';

/** Subjects watched; beyond it the one that was used longest ago is forgotten. */
export const MAX_SUBJECTS = 3_000;
/** Alerts kept for people to look at. */
const MAX_ALERTS = 200;
const HOUR_MS = 3600_000;
const MINUTE_MS = 60_000;

interface Watched {
  subject: AlertSubject;
  id: string;
  memory: RateMemory;
  state: AlertState;
  /** Of the alert that is active. */
  alertId: string | null;
}

interface WatchParts {
  clock: Clock;
  catalog(): Pick<Catalog, 'apiKeys' | 'models' | 'accounts' | 'settings'>;
  log: Pick<RequestLog, 'groups'>;
  newId(): string;
  /** Told of every alert when it begins and when it ends. Must not throw. */
  onAlert(alert: CacheAlert): void;
  testWebhook(): Promise<WebhookResult>;
}

/** Owns what is remembered of each subject, and the latest alerts. */
export class CacheWatch implements CacheAlerts {
  readonly #parts: WatchParts;
  /** Least recently used first. */
  readonly #watched = new Map<string, Watched>();
  /** Newest last. */
  #alerts: CacheAlert[] = [];
  /** Monotonic; null = not watching. */
  #checkedAtMs: number | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Rows with input and an answer of a model, whatever became of them. */
  observe(row: RequestRow): void {
    const rule = this.#rule();
    if (!rule.enabled || row.isKeepWarm || row.inputTokens === null) return;
    const use: RateSums = {
      requests: 1,
      inputTokens: row.inputTokens,
      // As in the sums of the log: where no count is reported, nothing is known to have been read.
      readTokens: row.cacheReadTokens ?? 0,
      savedNanoUsd: row.savedNanoUsd ?? 0,
    };
    const nowMs = this.#parts.clock.monotonicMs();
    for (const subject of ALERT_SUBJECTS) {
      const id = subjectOf(row, subject);
      if (id !== null) noteUse(this.#of(subject, id, nowMs).memory, use, { nowMs, rule });
    }
  }

  /** Call it about every minute: checks as often as the window asks for, and begins with what the log knows. */
  async tick(): Promise<void> {
    const rule = this.#rule();
    if (!rule.enabled) {
      this.#forget();
      return;
    }
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#checkedAtMs === null) {
      this.#checkedAtMs = nowMs;
      await this.#restore(rule);
    } else if (nowMs - this.#checkedAtMs >= checkEveryMs(rule)) {
      this.#checkedAtMs = nowMs;
      this.#check(rule, nowMs);
    }
  }

  /** Compares every subject's window with its baseline. */
  #check(rule: AlertSettings, nowMs: number): void {
    for (const watched of this.#watched.values()) {
      moveOn(watched.memory, { nowMs, rule });
      const seen = { window: windowSums(watched.memory), baseline: watched.memory.baseline };
      const { state, verdict } = judge(watched.state, seen, { rule, nowMs });
      watched.state = state;
      this.#act(watched, { verdict, requests: seen.window.requests });
    }
  }

  list(): readonly CacheAlert[] {
    return this.#alerts.toReversed();
  }

  testWebhook(): Promise<WebhookResult> {
    return this.#parts.testWebhook();
  }

  /** Takes over what the log has of the hours before. */
  async #restore({ baselineHours }: AlertSettings): Promise<void> {
    const { clock, log } = this.#parts;
    const toMs = clock.nowMs();
    const filter = { fromMs: toMs - baselineHours * HOUR_MS, toMs, isKeepWarm: false };
    for (const subject of ALERT_SUBJECTS) {
      const groups = await log.groups(filter, subject, { hasPercentiles: false });
      for (const { id, ...sums } of groups.slice(0, MAX_SUBJECTS / ALERT_SUBJECTS.length)) {
        if (id === null) continue;
        const { memory } = this.#of(subject, id, clock.monotonicMs());
        memory.baseline = {
          requests: memory.baseline.requests + sums.reportedRequests,
          inputTokens: memory.baseline.inputTokens + sums.inputTokens,
          readTokens: memory.baseline.readTokens + sums.cacheReadTokens,
          savedNanoUsd: memory.baseline.savedNanoUsd + sums.savedNanoUsd,
        };
      }
    }
  }

  /** While nothing is watched, nothing is remembered either; alerts that are still active are over. */
  #forget(): void {
    this.#checkedAtMs = null;
    for (const watched of this.#watched.values()) this.#end(watched);
    this.#watched.clear();
  }

  #rule(): AlertSettings {
    return this.#parts.catalog().settings.alerts;
  }

  #of(subject: AlertSubject, id: string, nowMs: number): Watched {
    const key = `${subject} ${id}`;
    const known = this.#watched.get(key);
    if (known) {
      this.#watched.delete(key);
      this.#watched.set(key, known);
      return known;
    }
    const watched: Watched = { subject, id, memory: newMemory(nowMs), state: newState(nowMs), alertId: null };
    this.#watched.set(key, watched);
    if (this.#watched.size > MAX_SUBJECTS) this.#forgetOldest();
    return watched;
  }

  #forgetOldest(): void {
    const [key, oldest] = this.#watched.entries().next().value ?? [];
    if (key === undefined || oldest === undefined) return;
    this.#watched.delete(key);
    this.#end(oldest);
  }

  #end(watched: Watched): void {
    if (watched.alertId === null) return;
    this.#act(watched, { verdict: { kind: 'ends', end: 'no-traffic', hitRate: null }, requests: 0 });
  }

  #act(watched: Watched, { verdict, requests }: { verdict: Verdict; requests: number }): void {
    const nowMs = this.#parts.clock.nowMs();
    switch (verdict.kind) {
      case 'nothing':
        return;
      case 'begins': {
        const { hitRate, baselineHitRate, lostUsd } = verdict;
        const alert: CacheAlert = {
          id: this.#parts.newId(),
          subject: watched.subject,
          subjectId: watched.id,
          subjectName: this.#nameOf(watched),
          startedAtMs: nowMs,
          endedAtMs: null,
          end: null,
          hitRate,
          baselineHitRate,
          windowMinutes: this.#rule().windowMinutes,
          requests,
          lostUsd,
        };
        watched.alertId = alert.id;
        this.#alerts = [...this.#alerts, alert].slice(-MAX_ALERTS);
        this.#parts.onAlert(alert);
        return;
      }
      case 'ends': {
        const alert = this.#alerts.find(({ id }) => id === watched.alertId);
        watched.alertId = null;
        if (!alert) return;
        const ended: CacheAlert = {
          ...alert,
          endedAtMs: nowMs,
          end: verdict.end,
          hitRate: verdict.hitRate ?? alert.hitRate,
        };
        this.#alerts = this.#alerts.map((other) => (other.id === alert.id ? ended : other));
        this.#parts.onAlert(ended);
        return;
      }
      default:
        verdict satisfies never;
    }
  }

  #nameOf({ subject, id }: Watched): string {
    const { apiKeys, models, accounts } = this.#parts.catalog();
    const rows = { 'api-key': apiKeys, model: models, account: accounts } as const;
    return rows[subject].get(id)?.name ?? id;
  }
}

/** How often to check: five times per window. */
function checkEveryMs({ windowMinutes }: Pick<AlertSettings, 'windowMinutes'>): number {
  return (windowMinutes * MINUTE_MS) / 5;
}

function subjectOf(row: RequestRow, subject: AlertSubject): string | null {
  switch (subject) {
    case 'api-key':
      return row.apiKeyId;
    case 'model':
      return row.modelId;
    case 'account':
      return row.accountId;
    default:
      return subject satisfies never;
  }
}
