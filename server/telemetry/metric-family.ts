// Families of metrics: what is counted, by which labels, with a bound on how many series there can be.

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'info';

export interface FamilyMeta {
  /** With its unit, without `_total` or `_info`: how these are written is a matter of the format. */
  name: string;
  help: string;
  type: MetricType;
  labels: readonly string[];
  /** What is counted is divided by this when it is read, so that money is summed in whole nano-USD. */
  divisor: number;
}

export interface NumberPoint {
  labels: readonly string[];
  value: number;
}

export interface HistogramPoint {
  labels: readonly string[];
  /** Per bucket, not cumulative; the last one is for what is above every bound. */
  counts: readonly number[];
  sum: number;
  count: number;
}

export interface NumberFamily {
  meta: FamilyMeta;
  points(): readonly NumberPoint[];
}

export interface HistogramFamily {
  meta: FamilyMeta;
  /** Inclusive upper bounds, ascending. */
  bounds: readonly number[];
  histograms(): readonly HistogramPoint[];
}

export type Family = NumberFamily | HistogramFamily;

interface FamilyOptions {
  name: string;
  help: string;
  labels?: readonly string[];
  divisor?: number;
  maxSeries?: number;
}

/** Label values are names of the configuration, so this is reached only by one that keeps changing. */
const MAX_SERIES = 1_000;
/** Every label of the series in which those beyond the bound are counted. */
export const FOLDED = 'other';

function metaOf(type: MetricType, { name, help, labels, divisor }: FamilyOptions): FamilyMeta {
  return { type, name, help, labels: labels ?? [], divisor: divisor ?? 1 };
}

/** Owns series by label values. Never more than `maxSeries` and the one for the rest. */
class SeriesTable<Value> {
  readonly #series = new Map<string, { labels: readonly string[]; value: Value }>();
  readonly #maxSeries: number;
  readonly #make: () => Value;
  #folded = 0;

  constructor(maxSeries: number, make: () => Value) {
    this.#maxSeries = maxSeries;
    this.#make = make;
  }

  /** How many observations were counted as `other`. */
  get folded(): number {
    return this.#folded;
  }

  of(labels: readonly string[]): { labels: readonly string[]; value: Value } {
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\0');
    const known = this.#series.get(key);
    if (known) return known;
    if (this.#series.size >= this.#maxSeries && labels.length > 0) return this.#rest(labels.length);
    return this.#add(key, labels);
  }

  all(): readonly { labels: readonly string[]; value: Value }[] {
    return [...this.#series.values()];
  }

  #rest(labelCount: number): { labels: readonly string[]; value: Value } {
    this.#folded += 1;
    const labels = new Array<string>(labelCount).fill(FOLDED);
    const key = labels.join('\0');
    return this.#series.get(key) ?? this.#add(key, labels);
  }

  #add(key: string, labels: readonly string[]): { labels: readonly string[]; value: Value } {
    const series = { labels, value: this.#make() };
    this.#series.set(key, series);
    return series;
  }
}

/** Only ever goes up. */
export class Counter implements NumberFamily {
  readonly meta: FamilyMeta;
  readonly #series: SeriesTable<number>;

  constructor(options: FamilyOptions) {
    this.meta = metaOf('counter', options);
    this.#series = new SeriesTable(options.maxSeries ?? MAX_SERIES, () => 0);
  }

  add(labels: readonly string[], amount = 1): void {
    this.#series.of(labels).value += amount;
  }

  get folded(): number {
    return this.#series.folded;
  }

  points(): readonly NumberPoint[] {
    const { divisor } = this.meta;
    return this.#series.all().map(({ labels, value }) => ({ labels, value: value / divisor }));
  }
}

export class Histogram implements HistogramFamily {
  readonly meta: FamilyMeta;
  readonly bounds: readonly number[];
  readonly #series: SeriesTable<{ counts: number[]; sum: number; count: number }>;

  constructor(options: FamilyOptions & { bounds: readonly number[] }) {
    this.meta = metaOf('histogram', options);
    this.bounds = options.bounds;
    this.#series = new SeriesTable(options.maxSeries ?? MAX_SERIES, () => ({
      counts: new Array<number>(options.bounds.length + 1).fill(0),
      sum: 0,
      count: 0,
    }));
  }

  observe(labels: readonly string[], value: number): void {
    const series = this.#series.of(labels).value;
    let bucket = 0;
    while (value > (this.bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
  }

  get folded(): number {
    return this.#series.folded;
  }

  histograms(): readonly HistogramPoint[] {
    return this.#series.all().map(({ labels, value }) => ({ labels, ...value }));
  }
}

/** A family whose values are looked up when they are asked for. */
export function readFamily(
  type: Exclude<MetricType, 'histogram'>,
  options: FamilyOptions,
  read: () => readonly NumberPoint[],
): NumberFamily {
  return { meta: metaOf(type, options), points: read };
}

/** The same with one value and no labels. */
export function readValue(
  type: 'counter' | 'gauge',
  options: FamilyOptions,
  read: () => number,
): NumberFamily {
  return readFamily(type, options, () => [{ labels: [], value: read() }]);
}

export function isHistogram(family: Family): family is HistogramFamily {
  return 'bounds' in family;
}
