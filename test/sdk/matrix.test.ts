// Every official SDK against providers of every dialect, through a gateway process.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { rejection } from './bench.ts';
import { aiClients } from './clients/ai.ts';
import { anthropicClient } from './clients/anthropic.ts';
import { chatClient } from './clients/chat.ts';
import type { Ask, SdkClient, Seen } from './clients/client.ts';
import { geminiClient } from './clients/gemini.ts';
import { responsesClient } from './clients/responses.ts';
import { COUNTS, HELLO, PERSON, PIXEL, REFUSED, type Scenario, THOUGHT } from './emulator/scenario.ts';
import { KEY, type MatrixBench, openMatrix, UPSTREAM_SURFACES } from './matrix-bench.ts';

const NAMES = [
  'anthropic',
  'openai chat',
  'openai responses',
  'genai',
  'ai anthropic',
  'ai openai chat',
  'ai openai responses',
  'ai google',
] as const;

interface Case {
  scenario: Scenario;
  isStreamed: boolean;
  extra?: NonNullable<Ask['extra']>;
  /** What the answers must be, in order. */
  check(seen: readonly Seen[], client: SdkClient): void;
}

const call = (city: string) => ({ name: 'get_weather', args: { city, note: `say "${city}"` } });
const USAGE = { input: COUNTS.input, output: COUNTS.output, cached: COUNTS.cached };

function one(expected: { text: string; thought?: string; stop?: 'end' | 'cut' }): Case['check'] {
  return (seen, { stops }) =>
    assert.deepEqual(seen, [
      {
        text: expected.text,
        thought: expected.thought ?? '',
        calls: [],
        stop: stops[expected.stop ?? 'end'],
        usage: USAGE,
      },
    ]);
}

function loop(cities: readonly string[], thought = ''): Case['check'] {
  return (seen, { stops }) => {
    const known = cities.map((city) => `${city} has 20°`).join(' and ');
    const plain = { thought: '', usage: USAGE };
    assert.deepEqual(seen, [
      { ...plain, thought, text: 'Let me look.', calls: cities.map(call), stop: stops.calls },
      { ...plain, text: `I know: ${known}`, calls: [], stop: stops.end },
    ]);
  };
}

const pictureBytes = Buffer.from(PIXEL, 'base64').length;
const CASES: readonly Case[] = [
  { scenario: 'text', isStreamed: false, check: one({ text: HELLO }) },
  { scenario: 'text', isStreamed: true, check: one({ text: HELLO }) },
  { scenario: 'one-tool', isStreamed: false, extra: ['tools'], check: loop(['Paris']) },
  { scenario: 'two-tools', isStreamed: false, extra: ['tools'], check: loop(['Paris', 'Oslo']) },
  { scenario: 'two-tools', isStreamed: true, extra: ['tools'], check: loop(['Paris', 'Oslo']) },
  {
    scenario: 'image',
    isStreamed: false,
    extra: ['image'],
    check: one({ text: `image/png, ${pictureBytes} bytes` }),
  },
  {
    scenario: 'think',
    isStreamed: false,
    extra: ['thoughts'],
    check: one({ text: HELLO, thought: THOUGHT }),
  },
  { scenario: 'think', isStreamed: true, extra: ['thoughts'], check: one({ text: HELLO, thought: THOUGHT }) },
  {
    scenario: 'think-tool',
    isStreamed: false,
    extra: ['tools', 'thoughts'],
    check: loop(['Paris'], THOUGHT),
  },
  {
    scenario: 'think-tool',
    isStreamed: true,
    extra: ['tools', 'thoughts'],
    check: loop(['Paris'], THOUGHT),
  },
  { scenario: 'json', isStreamed: false, extra: ['schema'], check: one({ text: PERSON }) },
  { scenario: 'cut', isStreamed: false, check: one({ text: 'Once upon', stop: 'cut' }) },
  { scenario: 'cut', isStreamed: true, check: one({ text: 'Once upon', stop: 'cut' }) },
];

describe('every SDK on every provider', { skip: SKIP_REASON, concurrency: 4 }, () => {
  let bench: MatrixBench;
  let clients: ReadonlyMap<string, SdkClient>;

  before(async () => {
    bench = await openMatrix(NAMES);
    const { origin } = bench.gateway;
    const all = [anthropicClient, chatClient, responsesClient, geminiClient].map((open) => open(origin, KEY));
    clients = new Map([...all, ...aiClients(origin, KEY)].map((client) => [client.name, client]));
  });
  after(() => bench?.close());

  const clientOf = (name: string): SdkClient => {
    const client = clients.get(name);
    assert.ok(client);
    return client;
  };

  for (const name of NAMES) {
    for (const surface of UPSTREAM_SURFACES) {
      const model = `on-${surface}`;

      for (const { scenario, isStreamed, extra, check } of CASES) {
        if (extra?.includes('thoughts') && name === 'ai openai chat') continue;
        it(`${name} on ${surface}: ${scenario}, ${isStreamed ? 'streamed' : 'whole'}`, async () => {
          const client = clientOf(name);
          const prompt = `Please answer (scenario:${scenario}).`;
          check(await client.converse({ model, prompt, isStreamed, ...(extra && { extra }) }), client);
        });
      }

      if (name !== 'ai openai chat') {
        it(`${name} on ${surface}: think-tool, older model`, async () => {
          const client = clientOf(name);
          const prompt = 'Please answer (scenario:think-tool).';
          const extra = ['tools', 'thoughts'] as const;
          const ask = { model: `old-${surface}`, prompt, isStreamed: true, extra };
          loop(['Paris'], THOUGHT)(await client.converse(ask), client);
        });
      }

      for (const isStreamed of [false, true]) {
        it(`${name} on ${surface}: refused, ${isStreamed ? 'streamed' : 'whole'}`, async () => {
          const client = clientOf(name);
          const error = await rejection(
            client.converse({ model, prompt: 'scenario:bad-request', isStreamed }),
          );
          checkError(client, error, 400);
          assert.ok(
            String(error).includes('The pretended provider says no'),
            `${String(error)} says ${REFUSED}`,
          );
        });
      }

      it(`${name} on ${surface}: over the limit`, async () => {
        const client = clientOf(name);
        const ask = {
          model: `limited-${surface}-${name}`,
          prompt: 'scenario:rate-limited',
          isStreamed: true,
        };
        checkError(client, await rejection(client.converse(ask)), 429);
      });

      it(`${name} on ${surface}: overloaded`, async () => {
        const client = clientOf(name);
        const ask = { model: `busy-${surface}-${name}`, prompt: 'scenario:overloaded', isStreamed: false };
        checkError(client, await rejection(client.converse(ask)), 503);
      });

      it(`${name} on ${surface}: hanging up reaches the provider`, async () => {
        const marker = `hangs-up-${name}-${surface}-end`.replaceAll(' ', '-');
        const prompt = `scenario:slow ${marker}`;
        const words = await clientOf(name).hangUp({ model, prompt, isStreamed: true });
        assert.ok(words !== '' && HELLO.startsWith(words), words);
        const asked = await bench.upstream.callThatSays(marker);
        await eventually('the closed connection', () => asked.isAbandoned);
      });
    }
  }
});

function checkError(client: SdkClient, error: unknown, status: 400 | 429 | 503): void {
  assert.ok(error instanceof client.errors[status], String(error));
  const said = 'status' in error ? error.status : 'statusCode' in error ? error.statusCode : null;
  // Anthropic's word for an overload is 529.
  assert.equal(said === 529 ? 503 : said, status);
}
