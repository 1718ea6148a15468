// Rules of the source tree that no linter knows: who may import whom, sizes, runtime names, one copy of graphql.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each room of `server/` may import: whole rooms, or single files of one. Imports of types count. */
const ROOMS: Record<string, readonly string[]> = {
  wire: [],
  routing: [
    'wire',
    'gateway/ports.ts',
    'gateway/log-queries.ts',
    'gateway/routing-settings.ts',
    'gateway/miss-facts.ts',
    'gateway/route-record.ts',
    'gateway/steady-clock.ts',
  ],
  gateway: ['wire', 'routing'],
  analysis: [
    'gateway/log-queries.ts',
    'gateway/ports.ts',
    'gateway/log-queries.ts',
    'gateway/routing-settings.ts',
    'gateway/route-record.ts',
    'routing',
    'wire',
  ],
  auth: ['gateway/ports.ts', 'gateway/admin-store.ts', 'gateway/key-restrictions.ts'],
  storage: [
    'analysis/interval-sample.ts',
    'analysis/intervals.ts',
    'analysis/session-sample.ts',
    'analysis/ttl-ladder.ts',
    'gateway/log-queries.ts',
    'gateway/ports.ts',
    'gateway/log-queries.ts',
    'gateway/pins.ts',
    'gateway/admin-store.ts',
    'gateway/body-copy.ts',
    'gateway/miss-facts.ts',
    'gateway/price-sheet.ts',
    'gateway/route-record.ts',
    'routing/warmth-store.ts',
    'wire',
  ],
  upstream: ['gateway/ports.ts', 'gateway/upstream.ts', 'wire/bytes.ts'],
  graphql: ['gateway', 'routing', 'analysis', 'auth', 'wire', 'config'],
  rest: [],
  demo: ['wire', 'gateway/ports.ts'],
  telemetry: ['gateway', 'wire'],
  panel: [],
  config: [
    'gateway/ports.ts',
    'gateway/log-queries.ts',
    'gateway/routing-settings.ts',
    'gateway/base-url.ts',
    'gateway/cache-alert.ts',
    'gateway/client-address.ts',
    'gateway/input-faults.ts',
    'gateway/key-restrictions.ts',
    'auth',
    'wire',
  ],
  cli: ['config', 'analysis', 'gateway/routing-settings.ts'],
  'app.ts': ['wire', 'gateway', 'auth', 'graphql', 'panel'],
  'serve.ts': ['app.ts'],
};
/** The composition root knows every room. */
const COMPOSITION_ROOT = /^(main\.ts|boot)$/;

/** Packages by room; `@scope/*` stands for all of a scope. */
const PACKAGES: Record<string, readonly string[]> = {
  gateway: ['uuidv7', 'ipaddr.js', '@pydantic/genai-prices'],
  auth: ['hash-wasm'],
  storage: ['kysely'],
  upstream: ['ipaddr.js'],
  graphql: ['graphql', 'graphql-yoga', '@pothos/*', 'uuidv7', 'valibot'],
  rest: ['valibot'],
  config: ['valibot', 'yaml'],
  'serve.ts': ['srvx'],
  boot: ['uuidv7'],
};

/** Modules of the platform by room; rooms that are absent here have a free hand, but for the ones below. */
const PLATFORM_MODULES: Record<string, readonly string[]> = {
  wire: [],
  routing: [],
  analysis: [],
  gateway: ['node:crypto', 'node:buffer', 'node:zlib'],
  demo: ['node:crypto'],
  auth: ['node:crypto', 'node:fs/promises', 'node:path'],
  telemetry: ['node:crypto'],
  config: ['node:fs/promises', 'node:path'],
  cli: ['node:util'],
};
/** Modules that only these files may name, whatever their room. */
const RESERVED_MODULES: readonly { module: RegExp; files: RegExp }[] = [
  {
    module: /^node:(https?|http2|net|tls)$/,
    files: /^server\/(serve|main|panel\/embed|upstream\/node-socket)\.ts$/,
  },
  { module: /^node:sqlite$/, files: /^server\/storage\/sqlite[\w-]*\.ts$/ },
  { module: /^node:child_process$/, files: /^server\/panel\/embed\.ts$/ },
];

const RUNTIME_FILES = /^server\/(serve|main|panel\/embed|upstream\/(bun-socket|socket))\.ts$|\.d\.ts$/;
/** Rooms that receive what they need and never look at the process around them. */
const PROCESS_FREE = /^server\/(wire|routing|gateway|upstream|analysis|demo|config|cli|telemetry)\//;
const GENERATED = /^(server\/panel\/assets\.js|ui\/src\/graphql-env\.d\.ts|ui\/src\/paraglide\/)/;
const MAX_CODE_LINES = 350;
/** Tables of texts are as long as there are texts. */
const DATA_TABLES = /^ui\/src\/lib\/messages\//;

interface Source {
  /** From the root of the repository, with `/`. */
  path: string;
  text: string;
}

const sources = committedFiles()
  .filter((path) => /^(server|ui|test)\/.*\.(ts|js|mjs|svelte)$/.test(path) && !GENERATED.test(path))
  .map((path): Source => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const serverSources = sources.filter(({ path }) => path.startsWith('server/'));

test('imports of server rooms go in the permitted directions', () => {
  const faults = serverSources.flatMap((source) =>
    localImports(source)
      .filter((target) => !mayImport(source.path, target))
      .map((target) => `${source.path} may not import ${target}: ${permitted(source.path)}`),
  );
  report(faults);
});

test('the panel and the tests of the panel import nothing of the server', () => {
  const faults = sources
    .filter(({ path }) => path.startsWith('ui/'))
    .flatMap((source) => localImports(source).map((target) => ({ path: source.path, target })))
    .filter(({ target }) => target.startsWith('server/'))
    .map(({ path, target }) => `${path} may not import ${target}`);
  report(faults);
});

test('a screen of the panel imports nothing of another screen', () => {
  const screenOf = (path: string) => /^ui\/src\/pages\/([^/]+)\//.exec(path)?.[1];
  const faults = sources.flatMap((source) => {
    const screen = screenOf(source.path);
    return localImports(source)
      .filter((target) => screen !== undefined && (screenOf(target) ?? screen) !== screen)
      .map((target) => `${source.path} may not import ${target}: it belongs in parts, lib or charts`);
  });
  report(faults);
});

test('imports of server and panel have no cycle', () => {
  const graph = new Map(sources.map((source) => [source.path, localImports(source)]));
  report(cycles(graph).map((cycle) => cycle.join(' → ')));
});

test('packages stay in their rooms', () => {
  const faults = serverSources.flatMap(({ path, text }) =>
    packagesOf(text)
      .filter((name) => !allowsPackage(PACKAGES[roomOf(path)] ?? [], name))
      .map((name) => `${path} may not import the package ${name}`),
  );
  report(faults);
});

test('modules of the platform stay where they are needed', () => {
  const faults = serverSources.flatMap(({ path, text }) =>
    platformModules(text)
      .filter((name) => !allowsPlatformModule(path, name))
      .map((name) => `${path} may not import ${name}`),
  );
  report(faults);
});

test('only the files that know the runtime name Bun or Deno', () => {
  const faults = serverSources
    .filter(({ path, text }) => !RUNTIME_FILES.test(path) && namesRuntime(text))
    .map(({ path }) => `${path} may not name Bun or Deno`);
  report(faults);
});

test('pure rooms do not touch the process', () => {
  const faults = serverSources
    .filter(({ path, text }) => PROCESS_FREE.test(path) && /\bprocess\s*[.[]/.test(withoutStrings(text)))
    .map(({ path }) => `${path} may not use process: take what is needed as an argument`);
  report(faults);
});

test(`files have at most ${MAX_CODE_LINES} lines of code`, () => {
  const faults = sources
    .map(({ path, text }) => ({ path, lines: codeLines(text) }))
    .filter(({ path, lines }) => lines > MAX_CODE_LINES && !DATA_TABLES.test(path))
    .map(({ path, lines }) => `${path} has ${lines} lines of code`);
  report(faults);
});

test('exports are named, but for the configuration of tools', () => {
  const faults = sources
    .filter(({ path, text }) => !path.endsWith('.config.ts') && /^export default\b/m.test(text))
    .map(({ path }) => `${path} has a default export`);
  report(faults);
});

test('every file of code says in its first line what it is for', () => {
  const faults = sources
    .filter(({ path, text }) => /\.(ts|js|mjs)$/.test(path) && !/^(\/\/ |\/\*\* )\S.{10,}/.test(text))
    .map(({ path }) => `${path} does not start with a comment`);
  report(faults);
});

test('folders have no catch-all names', () => {
  const banned = /(^|\/)(utils?|helpers?|common|shared|services|repositories|controllers|dto|interfaces)\//;
  report(
    sources.filter(({ path }) => banned.test(path)).map(({ path }) => `${path} is in a catch-all folder`),
  );
});

test('nothing committed names a place of one machine or a package registry', () => {
  const suspicious = [
    /(^|[\s"'`(=:,])\/(work|root|tmp\/scratch)\//m,
    /https?:\/\/(registry|npm|mirrors?|artifactory|nexus)\./i,
  ];
  const faults = committedFiles()
    .filter((path) => !/\.(png|jpe?g|webp|ico|woff2?|gz|wasm)$/.test(path))
    .filter((path) => suspicious.some((pattern) => pattern.test(readFileSync(join(ROOT, path), 'utf8'))))
    .map((path) => `${path} names a place that other machines do not have`);
  report(faults);
});

test('exactly one copy of the graphql package is installed', () => {
  assert.deepEqual(installedCopies('graphql', 'node_modules'), ['node_modules/graphql']);
});

function report(faults: readonly string[]): void {
  assert.equal(faults.length, 0, `\n  ${faults.join('\n  ')}\n`);
}

/** What git knows or would add; in an unpacked archive, every file but installed and built ones. */
function committedFiles(): string[] {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z', '-c', '-o', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const found = status === 0 ? stdout.split('\0').filter((path) => path !== '') : walk(ROOT);
  return found.filter((path) => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isFile());
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', '.git', '.out'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [relative(ROOT, path).split(sep).join('/')];
  });
}

/** First part below `server/`: a folder, or a file of the root. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function mayImport(from: string, target: string): boolean {
  const room = roomOf(from);
  if (!target.startsWith('server/')) return target === 'package.json';
  if (COMPOSITION_ROOT.test(room) || roomOf(target) === room) return true;
  const inServer = target.slice('server/'.length);
  return (ROOMS[room] ?? []).some((allowed) => inServer === allowed || roomOf(target) === allowed);
}

function permitted(path: string): string {
  const allowed = ROOMS[roomOf(path)];
  if (!allowed) return 'this room is not in the table of test/architecture.test.ts';
  return allowed.length === 0 ? 'this room imports no other' : `this room may import ${allowed.join(', ')}`;
}

/** Paths from the root of the repository, of files that exist. Workers named by `new URL` count. */
function localImports({ path, text }: Source): string[] {
  const workers = [...withoutComments(text).matchAll(/new URL\(\s*'(\.[^']+\.ts)'\s*,\s*import\.meta\.url/g)];
  return [...specifiers(text), ...workers.map((match) => match[1] ?? '')]
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.normalize(posix.join(posix.dirname(path), name)))
    .filter((target) => existsSync(join(ROOT, target)));
}

const IMPORTS: readonly RegExp[] = [
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"\n]+)['"]/gm,
  /^\s*import\s+['"]([^'"\n]+)['"]/gm,
  /\bimport\(\s*['"]([^'"\n]+)['"]/g,
];

/** What is imported or exported from, for types too, static or not. */
function specifiers(text: string): string[] {
  const code = withoutComments(text);
  return IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/** `@scope/name/file` → `@scope/name`, `name/file` → `name`. */
function packagesOf(text: string): string[] {
  return specifiers(text)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

function allowsPackage(allowed: readonly string[], name: string): boolean {
  return allowed.some((rule) => rule === name || (rule.endsWith('/*') && name.startsWith(rule.slice(0, -1))));
}

function platformModules(text: string): string[] {
  return specifiers(text).filter((name) => name.startsWith('node:'));
}

function allowsPlatformModule(path: string, name: string): boolean {
  const reserved = RESERVED_MODULES.find(({ module }) => module.test(name));
  if (reserved) return reserved.files.test(path);
  return PLATFORM_MODULES[roomOf(path)]?.includes(name) ?? true;
}

/** Runtimes are asked for by global name, and by `'Bun' in globalThis`. */
function namesRuntime(text: string): boolean {
  return (
    /\b(Bun|Deno)\b/.test(withoutStrings(text)) ||
    /['"](Bun|Deno)['"]\s+in\b|globalThis\[/.test(withoutComments(text))
  );
}

const COMMENT_OR_STRING =
  /\/\/.*$|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/gm;

function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_STRING, (found) => (/^\/[/*]/.test(found) ? '' : found));
}

function withoutStrings(text: string): string {
  return text.replace(COMMENT_OR_STRING, (found) => (/^\/[/*]/.test(found) ? '' : '""'));
}

/** Lines that hold more than space and comments, so that nobody saves on explanations. */
function codeLines(text: string): number {
  return text.split('\n').filter((line) => !/^\s*($|\/\/|\/?\*|<!--)/.test(line)).length;
}

/** Each cycle once, as a path that ends where it began. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function installedCopies(name: string, folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const own = existsSync(join(ROOT, folder, name, 'package.json')) ? [`${folder}/${name}`] : [];
  const nested = packageFolders(folder).flatMap((path) => installedCopies(name, `${path}/node_modules`));
  return [...own, ...nested];
}

function packageFolders(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      if (!name.startsWith('@')) return [`${folder}/${name}`];
      return readdirSync(join(ROOT, folder, name)).map((scoped) => `${folder}/${name}/${scoped}`);
    });
}
