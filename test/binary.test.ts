// The one binary, copied alone into an empty folder and started without Node, serves everything.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmod,
  copyFile,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from './process/poll.ts';

const BINARY = fileURLToPath(new URL('../dist/warmpath', import.meta.url));
const ADMIN_TOKEN = 'admin-token-of-the-binary-test';

describe('binary', { skip: existsSync(BINARY) ? false : 'dist/warmpath is not built' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'warmpath alone '));
  let origin = '';
  let output = '';
  let stop: () => Promise<void> = () => Promise.resolve();

  before(async () => {
    const alone = join(folder, 'warmpath');
    await promisify(copyFile)(BINARY, alone);
    await promisify(chmod)(alone, 0o755);
    // What lies about in the folder must not be loaded: it would be code execution by the place of start.
    writeFileSync(join(folder, '.env'), 'WARMPATH_PORT=1\n');
    writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./evil.ts"]\n');
    writeFileSync(join(folder, 'evil.ts'), 'process.exit(66);\n');
    const child = spawn(alone, ['--port', '0', '--data-dir', 'data'], {
      cwd: folder,
      env: { HOME: folder, PATH: '/nonexistent', WARMPATH_ADMIN_TOKEN: ADMIN_TOKEN },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        output += String(text);
      });
    stop = async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    };
    origin = await eventually('the printed address', () => {
      assert.equal(child.exitCode, null, output);
      return /listens on (http:\S+)/.exec(output)?.[1] ?? null;
    });
  });

  after(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is live and ready', async () => {
    for (const path of ['/livez', '/readyz']) assert.equal((await fetch(origin + path)).status, 200, path);
  });

  it('serves the panel and everything it refers to', async () => {
    const page = await (await fetch(`${origin}/`, { headers: { accept: 'text/html' } })).text();
    const references = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
    assert.ok(references.length >= 3, page);
    for (const path of references) assert.equal((await fetch(`${origin}${path}`)).status, 200, path);
  });

  it('says that the demo answers, proxies to it, and logs the request', async () => {
    assert.match(output, /No real provider is called/);
    const key = /ANTHROPIC_AUTH_TOKEN=(\S+)/.exec(output)?.[1];
    assert.ok(key);
    const reply = await fetch(`${origin}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-sonnet-5',
        max_tokens: 8,
        messages: [{ role: 'user', content: 'hi' }],
      }),
    });
    assert.equal(reply.status, 200);
    await reply.text();
    const query = '{ requestLogs { nodes { requestId status } } build { runtime demo } }';
    const data = await eventually('the row', async () => {
      const admin = await fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { data: found } = await admin.json();
      return found.requestLogs.nodes.length > 0 && found;
    });
    assert.deepEqual(data.requestLogs.nodes, [{ requestId: reply.headers.get('x-request-id'), status: 200 }]);
    assert.equal(data.build.demo, true);
  });

  it('keeps its data readable by its owner only', () => {
    const data = join(folder, 'data');
    const files = readdirSync(data);
    assert.ok(files.includes('master.key') && files.includes('warmpath.db'), String(files));
    for (const file of ['.', ...files]) assert.equal(statSync(join(data, file)).mode & 0o077, 0, file);
  });
});
