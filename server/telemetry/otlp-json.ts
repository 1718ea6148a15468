// The JSON of the OpenTelemetry protocol 1.x: attributes, times and the envelopes of spans and metrics.

export interface OtlpAttribute {
  key: string;
  value:
    | { stringValue: string }
    | { boolValue: boolean }
    /** 64-bit integers are texts in this JSON. */
    | { intValue: string }
    | { doubleValue: number };
}

export type AttributeValue = string | number | boolean | null;

/** A fraction even where it happens to be whole: a backend keeps one type per attribute. */
export type Fractions = ReadonlySet<string>;

/** In their order; null is left out: not known. */
export function attributes(
  values: Readonly<Record<string, AttributeValue>>,
  fractions?: Fractions,
): OtlpAttribute[] {
  return Object.entries(values).flatMap(([key, value]): OtlpAttribute[] => {
    if (value === null) return [];
    if (typeof value === 'string') return [{ key, value: { stringValue: value } }];
    if (typeof value === 'boolean') return [{ key, value: { boolValue: value } }];
    const isWhole = Number.isInteger(value) && !fractions?.has(key);
    return [{ key, value: isWhole ? { intValue: String(value) } : { doubleValue: value } }];
  });
}

/** Nanoseconds since the epoch, of milliseconds: beyond what a number can hold. */
export function nanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`;
}

export interface OtlpSource {
  resource: Readonly<Record<string, string>>;
  version: string;
}

const SCOPE_NAME = 'warmpath';

export function spansEnvelope(spans: readonly object[], { resource, version }: OtlpSource): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [{ scope: { name: SCOPE_NAME, version }, spans }],
      },
    ],
  };
}

export function metricsEnvelope(metrics: readonly object[], { resource, version }: OtlpSource): object {
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes(resource) },
        scopeMetrics: [{ scope: { name: SCOPE_NAME, version }, metrics }],
      },
    ],
  };
}
