// A gateway that keeps prefixes warm, in front of a provider whose cache works as it should.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { type CacheLeverSettings, DEFAULT_CACHE_LEVERS } from '../../server/gateway/routing-settings.ts';
import { type Bench, createBench, message } from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
const LONG_TEXT = 'the parser returns a stale handle and every test that reads it twice fails. '.repeat(800);
const MARK = { cache_control: { type: 'ephemeral' } };
export const GROUP = 'key:ada|m1';

/** The n-th turn of a conversation, streamed or not as the client likes. */
export function turn(n: number, { isStreamed = false } = {}): string {
  const messages = Array.from({ length: 2 * n - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: `message ${index}`, ...(index === 2 * n - 2 && MARK) }],
  }));
  const system = [{ type: 'text', text: LONG_TEXT, ...MARK }];
  return JSON.stringify({ model: 'sonnet', max_tokens: 32_000, stream: isStreamed, system, messages });
}

export const isPing = ({ body }: UpstreamCall) => body.includes('"max_tokens":1,');

/** A provider that reads and writes as its cache of 5 min would. */
function cachingUpstream(nowMs: () => number) {
  const untilMs = new Map<string, number>();
  return ({ account: name, body }: UpstreamCall) => {
    const all = Math.round(body.length / 4);
    const warm = (untilMs.get(name) ?? 0) > nowMs() ? Math.round(LONG_TEXT.length / 4) : 0;
    untilMs.set(name, nowMs() + 5 * MINUTE_MS);
    return message({
      input_tokens: 4,
      output_tokens: 1,
      cache_read_input_tokens: warm,
      cache_creation_input_tokens: all - warm,
    });
  };
}

export interface PingBench extends Bench {
  /** Account and second of each ping. */
  pings: string[];
  keepWarm: CacheLeverSettings['keepWarm'];
}

/** Sessions of this caller and model are known to come back after 8 to 18 minutes. `answer` goes before the cache. */
export function pingBench(
  part: Partial<CacheLeverSettings['keepWarm']> = {},
  answer: (call: UpstreamCall) => Response | null = () => null,
): PingBench {
  const keepWarm = { enabled: true, maxUsdPerDay: 10, maxPings: 3, ...part };
  const pings: string[] = [];
  const bench: Bench = createBench(
    (call) => {
      if (isPing(call)) pings.push(`${call.account} ${(bench.clock.monotonicMs() - startMs) / SECOND_MS}`);
      return answer(call) ?? upstream(call);
    },
    {
      accounts: [{ name: 'a' }, { name: 'b' }],
      settings: { ...DEFAULT_SETTINGS, cacheLevers: { ...DEFAULT_CACHE_LEVERS, keepWarm } },
    },
  );
  const upstream = cachingUpstream(() => bench.clock.monotonicMs());
  const startMs = bench.clock.monotonicMs();
  for (let at = 0; at < 30; at += 1) {
    for (const minutes of [-38, -30, -18, 0]) {
      bench.parts.routing.gaps.sawRequest(
        { group: GROUP, session: `other ${at}` },
        { atMs: bench.clock.nowMs() + minutes * MINUTE_MS, prefixTokens: 15_000, writtenTokens: 100 },
      );
    }
  }
  return { ...bench, pings, keepWarm };
}

/** All that was taken was given back. */
export function assertAtRest({ parts, faults }: Bench): void {
  const { slots, admission, affinity, open } = parts;
  assert.deepEqual(
    [slots.total(), admission.inFlight, admission.bufferedBytes, affinity.openTickets, open.size, faults],
    [0, 0, 0, 0, 0, []],
  );
}
