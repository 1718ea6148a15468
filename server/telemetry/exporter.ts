// Spans and metrics on their way to a collector: in batches, bounded, never waited for by a request.

import type { Clock } from '../gateway/ports.ts';
import { beginTrace } from '../gateway/trace.ts';
import type { Names, Settled } from './gen-ai.ts';
import type { Family } from './metric-family.ts';
import { metricsEnvelope, type OtlpSource, spansEnvelope } from './otlp-json.ts';
import { otlpMetrics } from './otlp-metrics.ts';
import type { OtlpOptions } from './otlp-options.ts';
import type { OtlpSender } from './otlp-sender.ts';
import { spansOf } from './spans.ts';

/** The standard's bounds for batches of spans; here they count exchanges, which have two or three spans each. */
const MAX_QUEUED = 2_048;
const MAX_BATCH = 512;
const BATCH_DELAY_MS = 5_000;

interface ExporterParts {
  options: OtlpOptions;
  sender: OtlpSender;
  clock: Clock;
  source: OtlpSource;
  startedAtMs: number;
  names(): Names;
  families(): readonly Family[];
  /** Told when the first message after a success has failed, without URL or headers. */
  onTrouble(signal: 'traces' | 'metrics', reason: string): void;
}

/** Owns the queue and the timers. */
export class Exporter {
  readonly #parts: ExporterParts;
  readonly #queue: Settled[] = [];
  readonly #dropped = { traces: 0, metrics: 0 };
  readonly #hasTrouble = { traces: false, metrics: false };
  #sending: Promise<void> | null = null;
  #measuring: Promise<void> | null = null;
  #cancelBatch: (() => void) | null = null;
  #cancelMetrics: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
    if (parts.options.metrics) this.#scheduleMetrics();
  }

  /** Exchanges whose spans were lost, and messages of metrics. */
  get dropped(): Readonly<{ traces: number; metrics: number }> {
    return this.#dropped;
  }

  /** Takes no time: the spans are made when they are sent. */
  add(settled: Settled): void {
    const { traces, sampler } = this.#parts.options;
    if (!traces || this.#isClosed) return;
    const trace = settled.trace ?? beginTrace(null, sampler);
    if (!trace.isSampled) return;
    if (this.#queue.length >= MAX_QUEUED) {
      this.#dropped.traces += 1;
      return;
    }
    this.#queue.push({ row: settled.row, operation: settled.operation, trace });
    if (this.#queue.length >= MAX_BATCH) this.#sendSoon(0);
    else this.#sendSoon(BATCH_DELAY_MS);
  }

  /** Sends what is queued and the last metrics; gives up after `limitMs`. */
  async close(limitMs: number): Promise<void> {
    this.#isClosed = true;
    this.#cancelBatch?.();
    this.#cancelMetrics();
    const { clock, sender } = this.#parts;
    sender.close();
    let cancel: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = clock.setTimer(resolve, limitMs);
    });
    await Promise.race([this.#finish(), limit]);
    cancel();
    this.#dropped.traces += this.#queue.length;
  }

  async #finish(): Promise<void> {
    await Promise.all([this.#sending, this.#measuring]);
    await Promise.all([this.#sendQueue(), this.#sendMetrics()]);
  }

  #sendSoon(delayMs: number): void {
    if (this.#sending || (this.#cancelBatch && delayMs > 0)) return;
    this.#cancelBatch?.();
    this.#cancelBatch = this.#parts.clock.setTimer(() => {
      this.#cancelBatch = null;
      this.#sending = this.#sendQueue().finally(() => {
        this.#sending = null;
        if (this.#queue.length > 0 && !this.#isClosed) this.#sendSoon(BATCH_DELAY_MS);
      });
    }, delayMs);
  }

  /** One batch after another, until less than a batch is left or one fails. */
  async #sendQueue(): Promise<void> {
    const { traces } = this.#parts.options;
    while (traces && this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_BATCH);
      const { names, source, sender } = this.#parts;
      const spans = batch.flatMap((settled) =>
        settled.trace ? spansOf(settled, { trace: settled.trace, names: names() }) : [],
      );
      if (spans.length === 0) continue;
      const result = await sender.send(traces, spansEnvelope(spans, source));
      if (result.kind === 'failed') {
        this.#dropped.traces += batch.length;
        this.#trouble('traces', result.reason);
        return;
      }
      this.#hasTrouble.traces = false;
      this.#dropped.traces += result.rejected;
      if (this.#queue.length < MAX_BATCH && !this.#isClosed) return;
    }
  }

  #scheduleMetrics(): void {
    const { clock, options } = this.#parts;
    this.#cancelMetrics = clock.setTimer(() => {
      this.#measuring = this.#sendMetrics().finally(() => {
        this.#measuring = null;
        if (!this.#isClosed) this.#scheduleMetrics();
      });
    }, options.metricsEveryMs);
  }

  async #sendMetrics(): Promise<void> {
    const { options, families, source, startedAtMs, clock, sender } = this.#parts;
    if (!options.metrics) return;
    const metrics = otlpMetrics(families(), { startedAtMs, nowMs: clock.nowMs() });
    const result = await sender.send(options.metrics, metricsEnvelope(metrics, source));
    if (result.kind === 'sent') {
      this.#hasTrouble.metrics = false;
      this.#dropped.metrics += result.rejected;
      return;
    }
    this.#dropped.metrics += 1;
    this.#trouble('metrics', result.reason);
  }

  #trouble(signal: 'traces' | 'metrics', reason: string): void {
    if (!this.#hasTrouble[signal]) this.#parts.onTrouble(signal, reason);
    this.#hasTrouble[signal] = true;
  }
}
