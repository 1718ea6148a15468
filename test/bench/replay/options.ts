// The replay's command line.

import { parseArgs } from 'node:util';
import { POLICIES, type Policy } from './policies.ts';

export interface ReplayOptions {
  file: string;
  requestCount: number;
  windowMs: number;
  accounts: number;
  /** Share of the slots that the load would fill in its busiest quarter; sets the slots per account. */
  utilisation: number;
  /** Overrides `utilisation`; 0 = no limit, null = not given. */
  slots: number | null;
  keyCount: number;
  policies: readonly Policy[];
  speed: number;
  /** Trace tokens per sent token; null = by the size of the prompts. */
  scale: number | null;
  seed: number;
}

export const HELP = `Replays a prompt-cache trace (ptrace1) through the gateway and compares routings by cache hit rate.

Usage: bun test/bench/replay/main.ts FILE [options]

  FILE               a ptrace1 file
  --requests N       requests to send with each policy (2000)
  --minutes M        window that sessions are laid out in, where their times are relative (30)
  --accounts N       demo accounts (8)
  --utilisation U    share of the accounts' slots in use in the busiest quarter, 0.01 to 1 (0.4)
  --slots N          slots per account instead of --utilisation; 0 = no limit
  --keys K           API keys; sessions are dealt to them with weights 1, 1/2, 1/3, … (10)
  --policy A,B       of: ${POLICIES.join(', ')} (all)
  --speed F          clock seconds per real second, at most; a busy machine runs slower (60)
  --scale S          trace tokens for one token that is sent (by prompt size: 2, 4 or 8)
  --seed N           choice of sessions and keys (1)
  --help             this text

The ceiling is computed from the slice alone: one account without limits, entries readable at once, ends anywhere.
"one-account" is the same measured: it also pays for cache marks, lookback and replies that have not begun.
Exits with 1 when the clients' token counts differ from the gateway's request log.`;

/** Null when help is asked for. Throws with what is wrong. */
export function parseOptions(argv: readonly string[]): ReplayOptions | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      requests: { type: 'string', default: '2000' },
      minutes: { type: 'string', default: '30' },
      accounts: { type: 'string', default: '8' },
      utilisation: { type: 'string', default: '0.4' },
      slots: { type: 'string' },
      keys: { type: 'string', default: '10' },
      policy: { type: 'string', default: POLICIES.join() },
      speed: { type: 'string', default: '60' },
      scale: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error('Cannot replay: give exactly one FILE');
  return {
    file,
    requestCount: whole('requests', values.requests, { min: 1, max: 100_000 }),
    windowMs: inRange('minutes', values.minutes, { min: 1, max: 24 * 60 }) * 60_000,
    accounts: whole('accounts', values.accounts, { min: 1, max: 1000 }),
    utilisation: inRange('utilisation', values.utilisation, { min: 0.01, max: 1 }),
    slots: values.slots === undefined ? null : whole('slots', values.slots, { min: 0, max: 100_000 }),
    keyCount: whole('keys', values.keys, { min: 1, max: 10_000 }),
    policies: values.policy.split(',').map(policyNamed),
    speed: inRange('speed', values.speed, { min: 1, max: 1000 }),
    scale: values.scale === undefined ? null : whole('scale', values.scale, { min: 1, max: 128 }),
    seed: whole('seed', values.seed, { min: 0, max: 1_000_000 }),
  };
}

function policyNamed(name: string): Policy {
  const found = POLICIES.find((policy) => policy === name);
  if (!found) throw new Error(`Cannot replay: no policy "${name}". There are ${POLICIES.join(', ')}`);
  return found;
}

function whole(name: string, text: string, range: { min: number; max: number }): number {
  const value = inRange(name, text, range);
  if (!Number.isInteger(value)) throw new Error(`Cannot replay: --${name} must be a whole number`);
  return value;
}

function inRange(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new Error(`Cannot replay: --${name} must be a number from ${min} to ${max}`);
}
