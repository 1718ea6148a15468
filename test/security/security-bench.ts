// A gateway process in front of a scripted upstream, with a configuration and a data directory that the test may look into.

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { writeConfig } from '../process/config.ts';
import { GatewayProcess, LAUNCHERS, type Launcher, temporaryFolder } from '../process/gateway-process.ts';
import { type Script, TestUpstream } from '../process/test-upstream.ts';
import { CANARIES } from './canaries.ts';

/** The runtime under test: the one of the programs as shipped, or another one on request. */
const LAUNCHER = LAUNCHERS.find(({ name }) => name === (process.env.SECURITY_ON ?? 'bun'));

export type Json = Record<string, unknown>;

export interface SecurityBench {
  upstream: TestUpstream;
  gateway: GatewayProcess;
  dataDir: string;
  /** Ends the gateway and keeps what it wrote until `close`. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface SecurityBenchOptions {
  script: Script;
  /** Of the upstream's origin: `providers` and whatever else the file holds. */
  config: (origin: string) => Json;
  env?: Record<string, string>;
  launcher?: Launcher;
}

export async function openSecurityBench(options: SecurityBenchOptions): Promise<SecurityBench> {
  const upstream = await TestUpstream.listen(options.script);
  const folder = await temporaryFolder();
  const dataDir = join(folder, 'data');
  const cleanUp = async () => {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const config = await writeConfig(folder, {
      requireApiKey: true,
      // What a provider's refusal looks like is to be seen at once.
      routing: { maxWaitSeconds: 0 },
      users: [{ username: 'ada' }],
      apiKeys: [{ name: 'tests', key: CANARIES.apiKey, user: 'ada' }],
      ...options.config(upstream.origin),
    });
    const launcher = options.launcher ?? LAUNCHER;
    const gateway = await GatewayProcess.start({
      config,
      dataDir,
      ...(options.env ? { env: options.env } : {}),
      ...(launcher ? { launcher } : {}),
    });
    const stop = () => gateway.stop();
    return { upstream, gateway, dataDir, stop, close: () => stop().finally(cleanUp) };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** A provider of one endpoint and one account, as the configuration file has it. */
export function providerAt(
  baseUrl: string,
  {
    name,
    surface = 'anthropic-messages',
    model = name,
    ...more
  }: { name: string; surface?: string; model?: string } & Json,
): Json {
  return {
    name,
    allowPrivateNetwork: true,
    endpoints: [{ name: 'main', surface, baseUrl }],
    accounts: [{ name: `account of ${name}`, credential: `${CANARIES.credential}-${name}` }],
    models: [{ model }],
    ...more,
  };
}

/** Every file below a folder with its bytes. */
export async function filesIn(folder: string): Promise<{ name: string; bytes: Uint8Array }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (name) => ({ name, bytes: await readFile(name) })));
}

export interface Sent {
  model?: string;
  path?: string;
  key?: string | null;
  headers?: Record<string, string>;
  body?: Json;
  method?: string;
}

export interface Got {
  status: number;
  headers: Headers;
  text: string;
}

/** A request of a client; unless told otherwise an Anthropic message with the bench's own key. */
export async function send({ gateway }: Pick<SecurityBench, 'gateway'>, sent: Sent = {}): Promise<Got> {
  const { path = '/v1/messages', key = CANARIES.apiKey, method = 'POST', headers, model, body } = sent;
  const response = await fetch(gateway.origin + path, {
    method,
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify({ ...messageTo(model ?? 'm'), ...body }) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Fields of Messages and Chat; Responses and Gemini read their own and let the others be. */
function messageTo(model: string): Json {
  const hello = 'hello';
  return {
    model,
    max_tokens: 64,
    messages: [{ role: 'user', content: hello }],
  };
}
