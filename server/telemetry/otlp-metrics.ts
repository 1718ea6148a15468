// Families of metrics as OTLP metrics: cumulative since the start of the program. Pure.

import { SERVER_PORT } from './gen-ai.ts';
import { type Family, type FamilyMeta, isHistogram } from './metric-family.ts';
import { type AttributeValue, attributes, nanoseconds } from './otlp-json.ts';

const CUMULATIVE = 2;

export interface MetricTimes {
  startedAtMs: number;
  nowMs: number;
}

export function otlpMetrics(families: readonly Family[], times: MetricTimes): object[] {
  return families.map((family) => otlpMetric(family, times)).filter((metric) => metric !== null);
}

/** Null for a family that nothing was counted in. */
function otlpMetric(family: Family, { startedAtMs, nowMs }: MetricTimes): object | null {
  const { meta } = family;
  const head = { ...nameAndUnit(meta), description: meta.help };
  const at = { startTimeUnixNano: nanoseconds(startedAtMs), timeUnixNano: nanoseconds(nowMs) };
  if (isHistogram(family)) {
    const dataPoints = family.histograms().map(({ labels, counts, sum, count }) => ({
      attributes: labelAttributes(meta, labels),
      ...at,
      count: String(count),
      sum,
      bucketCounts: counts.map(String),
      explicitBounds: family.bounds,
    }));
    if (dataPoints.length === 0) return null;
    return { ...head, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  const dataPoints = family
    .points()
    .map(({ labels, value }) => ({ attributes: labelAttributes(meta, labels), ...at, asDouble: value }));
  if (dataPoints.length === 0) return null;
  return meta.type === 'counter'
    ? { ...head, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } }
    : { ...head, gauge: { dataPoints } };
}

/** OpenTelemetry has the unit beside the name, and dots for namespaces. */
function nameAndUnit({ name, type }: FamilyMeta): { name: string; unit: string } {
  if (name.startsWith('gen_ai.')) return { name, unit: name.endsWith('.usage') ? '{token}' : 's' };
  const dotted = name.replace(/^(warmpath|process)_/, '$1.');
  if (dotted.endsWith('_seconds')) return { name: dotted.slice(0, -'_seconds'.length), unit: 's' };
  if (dotted.endsWith('_bytes')) return { name: dotted.slice(0, -'_bytes'.length), unit: 'By' };
  if (dotted.endsWith('_usd')) return { name: dotted, unit: '{USD}' };
  return { name: dotted, unit: type === 'counter' ? '{count}' : '1' };
}

function labelAttributes({ labels }: FamilyMeta, values: readonly string[]) {
  const pairs = labels.map((label, index): [string, AttributeValue] => {
    const value = values[index] ?? '';
    if (value === '') return [label, null];
    return [label, label === SERVER_PORT && /^\d+$/.test(value) ? Number(value) : value];
  });
  return attributes(Object.fromEntries(pairs));
}
