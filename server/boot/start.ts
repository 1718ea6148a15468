// `warmpath serve`: puts all rooms together, listens, keeps house, and stops without cutting streams.

import { homedir } from 'node:os';
import { uuidv7 } from 'uuidv7';
import { type App, createApp } from '../app.ts';
import { AdminTokens } from '../auth/admin-tokens.ts';
import { Sessions } from '../auth/sessions.ts';
import type { StorageOptions } from '../cli/arguments.ts';
import { wantsColor, welcomeText } from '../cli/welcome.ts';
import { loadConfigFile } from '../config/file.ts';
import { defaultDataDir, type GivenOptions, resolveOptions, type StartOptions } from '../config/options.ts';
import type { ConfigFile } from '../config/schema.ts';
import { AccountTests } from '../gateway/account-test.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import { stopExchanges } from '../gateway/shutdown.ts';
import type { Upstream } from '../gateway/upstream.ts';
import type { LogExport } from '../graphql/log-export.ts';
import type { AdminParts, BuildInfo, Connection } from '../graphql/parts.ts';
import type { AdminApi } from '../graphql/yoga.ts';
import { panelDocuments } from '../panel/documents.ts';
import { createPanel } from '../panel/panel.ts';
import { createRestApi } from '../rest/rest.ts';
import { type Listener, listen, runtimeName } from '../serve.ts';
import { areMetricsOpen, logOptions } from '../telemetry/log-options.ts';
import { answerScrape, type ScrapeParts } from '../telemetry/scrape.ts';
import { watchAccounts } from './account-watch.ts';
import { repeat, systemClock } from './clock.ts';
import { type DemoMode, openDemo } from './demo-mode.ts';
import { clearableAffinity, countPingsOfToday, countSpending, createGateway } from './gateway.ts';
import { recallUses } from './key-uses.ts';
import { configureLog, errorFields, logEvent } from './log.ts';
import { type Telemetry, watchGateway } from './telemetry.ts';
import { COMMIT, VERSION } from './version.ts';
import { wayOut } from './way-out.ts';
import { applyConfig, openWorkspace, type Workspace } from './workspace.ts';

const SWEEP_BINDINGS_MS = 5_000;
const SAVE_BINDINGS_MS = 2_000;
const SWEEP_LOG_MS = 600_000;
const WATCH_DATABASE_MS = 1_000;
/** After the streams' time is over: their last events and rows. */
const LAST_WORDS_MS = 2_000;
const SAME_SIGNAL_MS = 500;

/** Resolves once the gateway listens; the process then lives until a signal ends it. */
export async function serve(given: GivenOptions, entry: URL): Promise<void> {
  const file = given.configFile === null ? null : await loadConfigFile(given.configFile, process.env);
  configureLog(logOptions(process.env, file));
  const options = resolveOptions(given, { file, dataDir: systemDataDir() });
  const { dataDir, masterKey } = options;
  const workspace = await openWorkspace({ dataDir, masterKey, entry, clock: systemClock });
  try {
    if (file) await applyConfig(file, workspace);
    const network = wayOut(process.env);
    const demo = await openDemo(workspace, options.demo, network);
    const running = await run(workspace, options, { demo, file, network });
    process.on('unhandledRejection', (error) => logEvent('error', 'unhandled-rejection', errorFields(error)));
    stopOnSignal(running, workspace);
    reloadOnSignal(options.configFile, { workspace, demo });
    process.stdout.write(await welcome(running, { workspace, options, demo }));
  } catch (error) {
    await workspace.storage.close();
    throw error;
  }
}

/** Where the data is, by flag, environment, file or the system's own place. */
export async function dataDirOf(options: StorageOptions): Promise<string> {
  const file = options.configFile === null ? null : await loadConfigFile(options.configFile, process.env);
  return options.dataDir ?? file?.dataDir ?? systemDataDir();
}

function systemDataDir(): string {
  return defaultDataDir({ env: process.env, platform: process.platform, homeDir: homedir() });
}

interface Running {
  listener: Listener;
  gateway: GatewayParts;
  telemetry: Telemetry;
  sessions: Sessions;
  /** Stops the house-keeping and the sample traffic. */
  stopTasks(): void;
  beginDrain(): void;
}

async function run(
  workspace: Workspace,
  options: StartOptions,
  { demo, file, network }: { demo: DemoMode; file: ConfigFile | null; network: Upstream },
): Promise<Running> {
  const { storage, clock, catalog } = workspace;
  const gateway = createGateway(workspace, { clock, upstream: demo.upstream });
  gateway.affinity.restore(await storage.bindings.load(clock.nowMs()));
  gateway.pins.restore(await storage.pins.load(clock.nowMs()));
  gateway.routing.ledger.restore(await storage.warmth.load(clock.nowMs()));
  const sessions = new Sessions(storage.admin, clock);
  const nodeId = uuidv7();
  const build = { version: VERSION, commit: COMMIT, runtime: runtimeName(), nodeId };
  const telemetry = watchGateway(gateway, workspace, { env: process.env, file, network, build });
  const admin = createAdmin(gateway, { workspace, options, demo, sessions, telemetry, build });
  const scrape: ScrapeParts = {
    families: telemetry.families,
    isOpen: areMetricsOpen(process.env, file),
    authorize: admin.mayRead,
  };
  let isDraining = false;
  const app = createApp({
    gateway,
    admin,
    rest: createRestApi(admin),
    panel: await createPanel(),
    metrics: (request, info) => answerScrape(request, info, scrape),
    whyNotReady: () => whyNotReady(isDraining, catalog.current),
  });
  const listener = await listen(app, options);
  void countPingsOfToday(gateway, storage.log);
  void countSpending(gateway, storage.log);
  void recallUses(gateway, storage.log);
  const tasks = [...keepHouse(gateway, workspace), telemetry.stop];
  if (options.demo) tasks.push(demo.startTraffic(frontDoor(app)).stop);
  return {
    listener,
    gateway,
    telemetry,
    sessions,
    stopTasks: () => {
      for (const stop of tasks) stop();
    },
    beginDrain: () => {
      isDraining = true;
    },
  };
}

/** The panel can be reached all the same: that is where the first account is entered. */
function whyNotReady(isDraining: boolean, { rows }: Catalog): string | null {
  if (isDraining) return 'draining';
  return rows.accounts.length === 0 ? 'no account is configured' : null;
}

function frontDoor(app: App): (request: Request) => Promise<Response> {
  return (request) =>
    app(request, { isLoopback: true, remoteAddress: '127.0.0.1', holdOpen: () => undefined });
}

function createAdmin(
  gateway: GatewayParts,
  parts: {
    workspace: Workspace;
    options: StartOptions;
    demo: DemoMode;
    sessions: Sessions;
    telemetry: Telemetry;
    build: Omit<BuildInfo, 'startedAtMs' | 'isDemo'>;
  },
): LazyAdminApi {
  const { workspace, options, demo, sessions, telemetry, build } = parts;
  const { catalog, storage, vault, clock } = workspace;
  const startedAtMs = clock.nowMs();
  return loadedWhenAsked({
    catalog: {
      get current() {
        return catalog.current;
      },
      async apply(edit) {
        await catalog.apply(edit);
        await demo.retireIfReal();
      },
    },
    log: storage.log,
    bodies: storage.bodies,
    affinity: clearableAffinity(gateway),
    modelMappings: gateway.modelMappings,
    health: gateway.health,
    slots: gateway.slots,
    accountTests: new AccountTests(gateway),
    keyUsage: gateway.keyUsage,
    routing: gateway.routing,
    policies: gateway.policies,
    reservations: gateway.routing.reservations,
    live: gateway.live,
    sessions,
    adminTokens: new AdminTokens(storage.admin, clock),
    audit: storage.audit,
    vault,
    clock,
    alerts: telemetry.alerts,
    build: {
      ...build,
      startedAtMs,
      get isDemo() {
        return demo.isOn;
      },
    },
    demo: demo.switch,
    storageType: storage.storageType,
    adminToken: options.adminToken,
    isDevelopment: process.env.WARMPATH_DEVELOPMENT === '1',
    logError: (error) => logEvent('error', 'admin-api', errorFields(error)),
  });
}

interface LazyAdminApi extends AdminApi {
  /** Whether the caller may read what the panel shows. */
  mayRead(request: Request, connection: Connection): Promise<boolean>;
}

/** The admin API is half of the program, and the data plane must not wait for it: it is loaded with its first request. */
function loadedWhenAsked(parts: Omit<AdminParts, 'documents'>): LazyAdminApi {
  let api: Promise<AdminApi> | null = null;
  let logExport: Promise<LogExport> | null = null;
  return {
    async fetch(request, info) {
      if (new URL(request.url).pathname.startsWith('/admin/export/')) {
        logExport ??= import('../graphql/log-export.ts').then(({ createLogExport }) =>
          createLogExport(parts),
        );
        return (await logExport).fetch(request, info);
      }
      api ??= Promise.all([import('../graphql/yoga.ts'), panelDocuments()]).then(
        ([{ createAdminApi }, documents]) => createAdminApi({ ...parts, documents }),
      );
      return (await api).fetch(request, info);
    },
    async mayRead(request, connection) {
      const { identifyVisitor } = await import('../graphql/actor.ts');
      const { actor } = await identifyVisitor(request, { parts, connection });
      return actor !== null && actor.role !== 'own';
    },
  };
}

/** What has to happen now and then; the result stops each. */
function keepHouse(gateway: GatewayParts, { storage, catalog, clock }: Workspace): (() => void)[] {
  const quietly = (event: string, task: () => Promise<unknown>) => async () => {
    try {
      await task();
    } catch (error) {
      logEvent('error', event, errorFields(error));
    }
  };
  const sweepLog = async () => {
    const { retention, bodyLog } = catalog.current.settings;
    await storage.log.sweep(retention, clock.nowMs());
    await storage.bodies.sweep(clock.nowMs() - bodyLog.ttlHours * 3600_000);
  };
  return [
    repeat(clock, SWEEP_BINDINGS_MS, () => gateway.affinity.sweep()),
    repeat(
      clock,
      SWEEP_BINDINGS_MS,
      watchAccounts(() => catalog.current, gateway.routing),
    ),
    repeat(clock, SWEEP_BINDINGS_MS, () => gateway.keepWarm.sweep()),
    repeat(clock, SWEEP_BINDINGS_MS, () => gateway.keyUsage.sweep(catalog.current.apiKeys)),
    repeat(
      clock,
      SAVE_BINDINGS_MS,
      quietly('bindings-not-saved', () => gateway.affinity.save(storage.bindings)),
    ),
    repeat(
      clock,
      SAVE_BINDINGS_MS,
      quietly('pins-not-saved', () => gateway.pins.save(storage.pins)),
    ),
    repeat(
      clock,
      SAVE_BINDINGS_MS,
      quietly('warmth-not-saved', () => gateway.routing.ledger.save(storage.warmth)),
    ),
    repeat(clock, SWEEP_LOG_MS, quietly('retention', sweepLog)),
    repeat(clock, WATCH_DATABASE_MS, quietly('database-watch', watchDatabase(storage, catalog))),
  ];
}

/** `warmpath keys create` writes to the same file from another process: its change is taken over within a second. */
function watchDatabase(storage: Workspace['storage'], catalog: Workspace['catalog']): () => Promise<void> {
  let known: number | null = null;
  return async () => {
    const revision = await storage.revision();
    // Also the first time: something may have been written between the load at the start and this first look.
    if (revision !== known) await catalog.reload();
    known = revision;
  };
}

function stopOnSignal(running: Running, workspace: Workspace): void {
  const { storage } = workspace;
  let firstSignalAtMs: number | null = null;
  const stop = async () => {
    const nowMs = performance.now();
    // npm and the terminal both pass Ctrl-C on: two signals at once are one wish.
    if (firstSignalAtMs !== null && nowMs - firstSignalAtMs > SAME_SIGNAL_MS) process.exit(1);
    if (firstSignalAtMs !== null) return;
    firstSignalAtMs = nowMs;
    running.beginDrain();
    running.stopTasks();
    running.gateway.keepWarm.stop();
    await drain(running, workspace);
    await running.telemetry.close();
    await running.gateway.affinity.save(storage.bindings).catch(() => undefined);
    await running.gateway.pins.save(storage.pins).catch(() => undefined);
    await running.gateway.routing.ledger.saveAll(storage.warmth).catch(() => undefined);
    await storage.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
}

/** Takes no more connections and waits for the running replies; those that take too long are ended with an error event. */
async function drain({ listener, gateway }: Running, { catalog, clock }: Workspace): Promise<void> {
  const graceMs = catalog.current.settings.timeouts.shutdownSeconds * 1000;
  const cancel = clock.setTimer(() => stopExchanges(gateway.open), graceMs);
  await listener.stop(graceMs + LAST_WORDS_MS);
  cancel();
  // What no connection waits for: pings under way.
  stopExchanges(gateway.open);
}

/** SIGHUP reads the file again; one that cannot be used changes nothing. */
function reloadOnSignal(
  path: string | null,
  { workspace, demo }: { workspace: Workspace; demo: DemoMode },
): void {
  if (path === null || process.platform === 'win32') return;
  process.on('SIGHUP', async () => {
    try {
      const changeCount = await applyConfig(await loadConfigFile(path, process.env), workspace);
      await demo.retireIfReal();
      logEvent('info', 'config-applied', { changeCount });
    } catch (error) {
      logEvent('error', 'config-refused', errorFields(error));
    }
  });
}

async function welcome(
  { listener, sessions }: Running,
  { workspace, options, demo }: { workspace: Workspace; options: StartOptions; demo: DemoMode },
): Promise<string> {
  const { catalog } = workspace;
  const modelOn = (surface: 'anthropic-messages' | 'openai-chat') =>
    catalog.current.rows.models.find(({ id }) => catalog.current.candidates(id, surface).length > 0)?.name ??
    null;
  return welcomeText({
    version: VERSION,
    host: options.host,
    port: listener.port,
    setupToken: (await sessions.isSetUp()) ? null : await sessions.issueSetupToken(),
    isDemo: demo.isOn,
    apiKey: demo.apiKey,
    models: { anthropic: modelOn('anthropic-messages'), openai: modelOn('openai-chat') },
    hasColor: wantsColor(process.env, process.stdout.isTTY === true),
  });
}
