// Where telemetry is sent, by the standard OpenTelemetry variables and the configuration file. Pure.

import type { Sampler } from '../gateway/trace.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the configuration file says; the environment wins. */
export interface TelemetryFile {
  otlpEndpoint?: string | null | undefined;
  otlpHeaders?: Readonly<Record<string, string>> | null | undefined;
  serviceName?: string | null | undefined;
  sampleRatio?: number | null | undefined;
}

export interface OtlpSignal {
  url: string;
  /** May hold secrets. */
  headers: Readonly<Record<string, string>>;
}

export interface OtlpOptions {
  /** Null = not sent. */
  traces: OtlpSignal | null;
  metrics: OtlpSignal | null;
  sampler: Sampler;
  /** Attributes of the resource, `service.name` among them. */
  resource: Readonly<Record<string, string>>;
  timeoutMs: number;
  metricsEveryMs: number;
}

const DEFAULT_SERVICE_NAME = 'warmpath';
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_METRICS_EVERY_MS = 60_000;
/** Shorter ones would ask a collector without need. */
const MIN_EVERY_MS = 1_000;

/** Null when nothing says where to. What cannot be understood is warned of and left out, as the standard asks. */
export function otlpOptions(
  env: Environment,
  file: TelemetryFile | null,
): { options: OtlpOptions | null; warnings: string[] } {
  const warnings: string[] = [];
  if (isTrue(env.OTEL_SDK_DISABLED)) return { options: null, warnings };
  const warn = (message: string) => void warnings.push(message);
  const traces = signalOf('traces', { env, file, warn });
  const metrics = signalOf('metrics', { env, file, warn });
  if (!traces && !metrics) return { options: null, warnings };
  warnOfProtocol(env, warn);
  const options = {
    traces,
    metrics,
    sampler: samplerOf(env, file, warn),
    resource: resourceOf(env, file),
    timeoutMs: milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT', { env, warn, otherwise: DEFAULT_TIMEOUT_MS }),
    metricsEveryMs: Math.max(
      MIN_EVERY_MS,
      milliseconds('OTEL_METRIC_EXPORT_INTERVAL', { env, warn, otherwise: DEFAULT_METRICS_EVERY_MS }),
    ),
  };
  return { options, warnings };
}

interface Given {
  env: Environment;
  file: TelemetryFile | null;
  warn(message: string): void;
}

function signalOf(signal: 'traces' | 'metrics', { env, file, warn }: Given): OtlpSignal | null {
  const name = signal.toUpperCase();
  if (env[`OTEL_${name}_EXPORTER`]?.trim().toLowerCase() === 'none') return null;
  const own = env[`OTEL_EXPORTER_OTLP_${name}_ENDPOINT`]?.trim();
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || file?.otlpEndpoint;
  const url = own || (base ? `${base.replace(/\/+$/, '')}/v1/${signal}` : null);
  if (!url) return null;
  if (!isHttpUrl(url)) {
    warn(`Cannot send ${signal}: the OTLP endpoint is not an http or https URL`);
    return null;
  }
  const headers = {
    ...file?.otlpHeaders,
    ...pairs(env.OTEL_EXPORTER_OTLP_HEADERS),
    ...pairs(env[`OTEL_EXPORTER_OTLP_${name}_HEADERS`]),
  };
  return { url, headers: lowerCased(headers) };
}

function samplerOf(env: Environment, file: TelemetryFile | null, warn: (message: string) => void): Sampler {
  const kind = env.OTEL_TRACES_SAMPLER?.trim() || null;
  const stated = env.OTEL_TRACES_SAMPLER_ARG?.trim() || null;
  const ratio = stated === null ? (file?.sampleRatio ?? 1) : Number(stated);
  const isRatio = Number.isFinite(ratio) && ratio >= 0 && ratio <= 1;
  if (!isRatio) warn('Cannot use OTEL_TRACES_SAMPLER_ARG: it must be a number from 0 to 1');
  switch (kind) {
    case 'always_on':
      return { ratio: 1, followsParent: false };
    case 'always_off':
      return { ratio: 0, followsParent: false };
    case 'traceidratio':
      return { ratio: isRatio ? ratio : 1, followsParent: false };
    case 'parentbased_always_on':
      return { ratio: 1, followsParent: true };
    case 'parentbased_always_off':
      return { ratio: 0, followsParent: true };
    case null:
    case 'parentbased_traceidratio':
      return { ratio: isRatio ? ratio : 1, followsParent: true };
    default:
      warn('Cannot use OTEL_TRACES_SAMPLER: it is not known here');
      return { ratio: 1, followsParent: true };
  }
}

function resourceOf(env: Environment, file: TelemetryFile | null): Record<string, string> {
  const stated = pairs(env.OTEL_RESOURCE_ATTRIBUTES);
  const name = env.OTEL_SERVICE_NAME?.trim() || stated['service.name'] || file?.serviceName;
  return { ...stated, 'service.name': name || DEFAULT_SERVICE_NAME };
}

/** Only JSON over HTTP is spoken, on the port that a collector has for protobuf over HTTP too. */
function warnOfProtocol(env: Environment, warn: (message: string) => void): void {
  const protocol = env.OTEL_EXPORTER_OTLP_PROTOCOL?.trim();
  if (protocol && protocol !== 'http/json')
    warn('Telemetry is sent as http/json, whatever OTEL_EXPORTER_OTLP_PROTOCOL says');
}

function milliseconds(
  name: string,
  { env, warn, otherwise }: { env: Environment; warn(message: string): void; otherwise: number },
): number {
  const stated = env[name]?.trim();
  if (!stated) return otherwise;
  const value = Number(stated);
  if (Number.isFinite(value) && value > 0) return value;
  warn(`Cannot use ${name}: it must be a number of milliseconds above 0`);
  return otherwise;
}

/** `key1=value1,key2=value2`, values escaped as in URLs (W3C Baggage). */
function pairs(text: string | undefined): Record<string, string> {
  const entries = (text ?? '').split(',').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).trim();
    return at > 0 && key !== '' ? [[key, unescaped(pair.slice(at + 1).trim())]] : [];
  });
  return Object.fromEntries(entries);
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function isHttpUrl(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}

function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}
