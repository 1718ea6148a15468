// Puts together what watches the gateway: metrics, traces, the log of requests and alerts.

import { uuidv7 } from 'uuidv7';
import type { ConfigFile } from '../config/schema.ts';
import type { AlertSettings, CacheAlert } from '../gateway/cache-alert.ts';
import { WEBHOOK_PURPOSE } from '../gateway/cache-alert.ts';
import type { Exchange } from '../gateway/exchange.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import { beginTrace } from '../gateway/trace.ts';
import type { Upstream } from '../gateway/upstream.ts';
import { accessFields } from '../telemetry/access-line.ts';
import { AlertSender, alertMessage, testMessage } from '../telemetry/alert-webhook.ts';
import { CacheWatch } from '../telemetry/cache-alerts.ts';
import { Exporter } from '../telemetry/exporter.ts';
import { GatewayMetrics } from '../telemetry/gateway-metrics.ts';
import { GenAiMetrics } from '../telemetry/gen-ai-metrics.ts';
import { logOptions } from '../telemetry/log-options.ts';
import { type Family, readFamily, readValue } from '../telemetry/metric-family.ts';
import { otlpOptions } from '../telemetry/otlp-options.ts';
import { OtlpSender } from '../telemetry/otlp-sender.ts';
import { stateFamilies } from '../telemetry/state-metrics.ts';
import { repeat } from './clock.ts';
import { droppedLogLines, errorFields, logEvent } from './log.ts';
import type { Workspace } from './workspace.ts';

const ALERT_TICK_MS = 60_000;
/** For the last spans and metrics, after the last reply. */
const FLUSH_LIMIT_MS = 3_000;

export interface Telemetry {
  families(): readonly Family[];
  alerts: CacheWatch;
  /** Stops what happens now and then. */
  stop(): void;
  /** Sends what has not been sent; takes 3 s at most. */
  close(): Promise<void>;
}

interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  file: Pick<ConfigFile, 'log' | 'telemetry'> | null;
  /** The way out that webhooks take. */
  network: Upstream;
  build: { version: string; commit: string | null; runtime: string; nodeId: string };
}

/** Watches the gateway from now on. */
export function watchGateway(
  gateway: GatewayParts,
  workspace: Pick<Workspace, 'vault'>,
  surroundings: Surroundings,
): Telemetry {
  const { env, file } = surroundings;
  const { catalog, clock } = gateway;
  const metrics = new GatewayMetrics(catalog);
  const exporting = openExporter(gateway, { surroundings, families: () => families() });
  const alerts = watchCaches(gateway, workspace, surroundings.network);
  const state = stateFamilies({ ...gateway, catalog, build: surroundings.build, program: programFacts() });
  const families = () => [...metrics.families(), ...state, ...ownFamilies(exporting)];
  const { requests: logsRequests } = logOptions(env, file);
  gateway.onSettled = guarded((exchange) => {
    metrics.observe(exchange.row);
    exporting?.genAi.observe(exchange);
    exporting?.exporter.add(exchange);
    if (exchange.operation.kind === 'generate') alerts.observe(exchange.row);
    if (logsRequests) {
      const { method } = exchange.request;
      logEvent('info', 'request', accessFields(exchange.row, { method, ...pickNames(catalog()) }));
    }
  });
  const tick = () => alerts.tick().catch((error) => logEvent('error', 'alerts', errorFields(error)));
  void tick();
  const stop = repeat(clock, ALERT_TICK_MS, tick);
  return { families, alerts, stop, close: async () => exporting?.exporter.close(FLUSH_LIMIT_MS) };
}

/** Whoever watches must not disturb what it watches. */
function guarded(watch: (exchange: Exchange) => void): (exchange: Exchange) => void {
  return (exchange) => {
    try {
      watch(exchange);
    } catch (error) {
      logEvent('error', 'telemetry', errorFields(error));
    }
  };
}

function pickNames({ accounts, providers }: ReturnType<GatewayParts['catalog']>) {
  return { accounts, providers };
}

interface Exporting {
  exporter: Exporter;
  genAi: GenAiMetrics;
}

/** Null when nothing says where telemetry goes; traces then cost nothing at all. */
function openExporter(
  gateway: GatewayParts,
  { surroundings, families }: { surroundings: Surroundings; families: () => readonly Family[] },
): Exporting | null {
  const { env, file, build } = surroundings;
  const { options, warnings } = otlpOptions(env, file?.telemetry ?? null);
  for (const message of warnings) logEvent('warn', 'telemetry', { message });
  if (!options) return null;
  const { clock, catalog, random } = gateway;
  const genAi = new GenAiMetrics(catalog);
  const sender = new OtlpSender({
    clock,
    fetch: (url, init) => fetch(url, init),
    timeoutMs: options.timeoutMs,
    random,
  });
  const exporter = new Exporter({
    options,
    sender,
    clock,
    startedAtMs: clock.nowMs(),
    source: {
      resource: {
        'service.version': build.version,
        'service.instance.id': build.nodeId,
        ...options.resource,
      },
      version: build.version,
    },
    names: catalog,
    families: () => [...genAi.families(), ...families()],
    onTrouble: (signal, reason) => logEvent('warn', 'telemetry-not-sent', { signal, reason }),
  });
  if (options.traces) gateway.beginTrace = (traceparent) => beginTrace(traceparent, options.sampler);
  return { exporter, genAi };
}

function ownFamilies(exporting: Exporting | null): Family[] {
  const lines = readValue(
    'counter',
    {
      name: 'warmpath_log_lines_dropped',
      help: 'Lines of the log on standard error that nobody read in time.',
    },
    droppedLogLines,
  );
  if (!exporting) return [lines];
  const { exporter } = exporting;
  const otlp = readFamily(
    'counter',
    {
      name: 'warmpath_otlp_dropped',
      help: 'Exchanges whose spans, and messages of metrics, that the collector did not get.',
      labels: ['signal'],
    },
    () => Object.entries(exporter.dropped).map(([signal, value]) => ({ labels: [signal], value })),
  );
  return [lines, otlp];
}

function watchCaches(
  gateway: GatewayParts,
  workspace: Pick<Workspace, 'vault'>,
  network: Upstream,
): CacheWatch {
  const { clock, catalog, log, live } = gateway;
  const settings = () => catalog().settings.alerts;
  const sender = new AlertSender({
    clock,
    upstream: network,
    target: () => webhookOf(settings(), workspace),
  });
  const send = async (alert: CacheAlert) => {
    const result = await sender.send(alertMessage(alert));
    if (!result.isDelivered) logEvent('warn', 'alert-not-delivered', { reason: result.reason });
  };
  return new CacheWatch({
    clock,
    catalog,
    log,
    newId: uuidv7,
    onAlert(alert) {
      const isOver = alert.endedAtMs !== null;
      logEvent(isOver ? 'info' : 'warn', 'cache-alert', { ...alertMessage(alert) });
      live.publish({ kind: 'alert', alert });
      if (settings().webhook) void send(alert);
    },
    testWebhook: () => sender.send(testMessage(clock.nowMs())),
  });
}

async function webhookOf(
  { webhook, allowPrivateNetwork }: AlertSettings,
  { vault }: Pick<Workspace, 'vault'>,
) {
  if (!webhook) return null;
  return { url: await vault.open(webhook.sealedUrl, WEBHOOK_PURPOSE), allowPrivateNetwork };
}

function programFacts() {
  return {
    startedAtMs: performance.timeOrigin,
    residentBytes: () => process.memoryUsage().rss,
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  };
}
