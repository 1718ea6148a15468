// Metrics as text: the Prometheus format 0.0.4 and OpenMetrics 1.0. Pure.

import { type Family, type FamilyMeta, type HistogramFamily, isHistogram } from './metric-family.ts';

export type MetricsFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics for whoever names it, as Prometheus does when it can read it; browsers get plain text. */
export function metricsFormat(accept: string | null): MetricsFormat {
  const offers = (accept ?? '').toLowerCase().split(',');
  const isWanted = offers.some(
    (offer) =>
      offer.trim().startsWith('application/openmetrics-text') && !/;\s*q=0(\.0*)?\s*(;|$)/.test(offer),
  );
  return isWanted ? 'openmetrics' : 'prometheus';
}

export function renderMetrics(families: readonly Family[], format: MetricsFormat): string {
  const lines = families.flatMap((family) => renderFamily(family, format));
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function renderFamily(family: Family, format: MetricsFormat): string[] {
  const { meta } = family;
  const sampleName = `${meta.name}${SUFFIXES[meta.type]}`;
  // OpenMetrics names the family, the older format what its samples are called.
  const familyName = format === 'openmetrics' ? meta.name : sampleName;
  const type = meta.type === 'info' && format === 'prometheus' ? 'gauge' : meta.type;
  return [
    `# HELP ${familyName} ${escapedHelp(meta.help, format)}`,
    `# TYPE ${familyName} ${type}`,
    ...(isHistogram(family)
      ? renderHistograms(family, format)
      : family
          .points()
          .map(({ labels, value }) => `${sampleName}${labelText(meta, labels)} ${numberText(value)}`)),
  ];
}

const SUFFIXES: Readonly<Record<FamilyMeta['type'], string>> = {
  counter: '_total',
  gauge: '',
  histogram: '',
  info: '_info',
};

function renderHistograms(family: HistogramFamily, format: MetricsFormat): string[] {
  const { meta, bounds } = family;
  return family.histograms().flatMap(({ labels, counts, sum, count }) => {
    let seen = 0;
    const buckets = bounds.map((bound, index) => {
      seen += counts[index] ?? 0;
      return bucketLine(meta, { labels, bound: boundText(bound, format), count: seen });
    });
    return [
      ...buckets,
      bucketLine(meta, { labels, bound: '+Inf', count }),
      `${meta.name}_sum${labelText(meta, labels)} ${numberText(sum)}`,
      `${meta.name}_count${labelText(meta, labels)} ${count}`,
    ];
  });
}

function bucketLine(
  meta: FamilyMeta,
  { labels, bound, count }: { labels: readonly string[]; bound: string; count: number },
): string {
  return `${meta.name}_bucket${labelText(meta, labels, `le="${bound}"`)} ${count}`;
}

function labelText(meta: FamilyMeta, values: readonly string[], last?: string): string {
  const pairs = meta.labels.map((name, index) => `${name}="${escapedValue(values[index] ?? '')}"`);
  if (last !== undefined) pairs.push(last);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** OpenMetrics wants bounds as decimal fractions, so that they are the same text from every program. */
function boundText(bound: number, format: MetricsFormat): string {
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapedValue(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function escapedHelp(text: string, format: MetricsFormat): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
  return format === 'openmetrics' ? escaped.replace(/"/g, '\\"') : escaped;
}
