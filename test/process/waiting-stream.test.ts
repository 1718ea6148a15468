// A streamed request that waits long for an account: the connection is kept open, and the stream that follows is whole.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { drained } from '../sdk/bench.ts';
import { ask } from './clients.ts';
import { API_KEY, configAt, MODELS, writeConfig } from './config.ts';
import { GatewayProcess, LAUNCHERS, SKIP_REASON, temporaryFolder } from './gateway-process.ts';
import { eventually } from './poll.ts';
import { answerAsAsked, promptFor } from './replies.ts';
import { rowOf } from './rows.ts';
import { TestUpstream } from './test-upstream.ts';

const KEEP_ALIVE_SECONDS = 0.3;
const COMMENTS = /^: .*\n\n/gm;
const LAST_EVENT = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

for (const launcher of LAUNCHERS) {
  describe(`a stream that waits on ${launcher.name}`, {
    skip: SKIP_REASON || (launcher.missing ?? false),
  }, () => {
    let upstream: TestUpstream;
    let folder: string;
    let gateway: GatewayProcess;

    before(async () => {
      upstream = await TestUpstream.listen(answerAsAsked);
      folder = await temporaryFolder();
      gateway = await GatewayProcess.start({
        launcher,
        config: await writeConfig(folder, withOneSlot(upstream.origin)),
      });
    });
    after(async () => {
      await gateway?.stop();
      await upstream?.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** Takes the only slot; the result gives it back. */
    const holdSlot = async (marker: string): Promise<() => Promise<void>> => {
      const response = await ask(gateway.origin, { scenario: 'never-ending', stream: true, marker });
      const call = await upstream.callThatSays(marker);
      return async () => {
        call.write(LAST_EVENT);
        call.end();
        await response.text();
      };
    };

    it('gets comments, then the very stream of the upstream', async () => {
      const free = await holdSlot('holder-1');
      const response = await ask(gateway.origin, { stream: true, marker: 'waiting-1' });
      assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream']);
      const chunks = seenChunks(response);
      await eventually('three comments', () => chunks.text().split('\n\n').length > 3);
      assert.match(chunks.text(), /^(: waiting [^\n]*\n\n)+$/);
      await free();
      await chunks.ended;
      const call = await upstream.callThatSays('waiting-1');
      assert.equal(chunks.text().replaceAll(COMMENTS, ''), call.sent.toString());
      const { status, outcome } = await rowOf(gateway, 'waiting-1');
      assert.deepEqual([status, outcome], [200, 'OK']);
    });

    it('is whole for the SDK', async () => {
      const free = await holdSlot('holder-2');
      const through = eventsOf(new Anthropic({ baseURL: gateway.origin, ...CLIENT }), 'waiting-2');
      // It has begun to wait, and its reply has begun.
      await new Promise((resolve) => setTimeout(resolve, 3 * KEEP_ALIVE_SECONDS * 1000));
      assert.equal(
        upstream.calls.some((call) => call.says('waiting-2')),
        false,
      );
      await free();
      const ours = await through;
      const own = await eventsOf(new Anthropic({ baseURL: upstream.origin, ...CLIENT }), 'direct');
      assert.deepEqual(ours, own);
      assert.deepEqual([ours.error, ours.items.at(-1)?.type], [null, 'message_stop']);
    });

    it('gives its place up when the client leaves', async () => {
      const free = await holdSlot('holder-3');
      const abort = new AbortController();
      const response = await ask(gateway.origin, { stream: true, marker: 'leaving', signal: abort.signal });
      assert.equal(response.status, 200);
      abort.abort();
      const { status, outcome } = await rowOf(gateway, 'leaving');
      assert.deepEqual([status, outcome], [499, 'CLIENT_GONE']);
      await free();
      assert.equal((await ask(gateway.origin)).status, 200);
      assert.equal(
        upstream.calls.some((call) => call.says('leaving')),
        false,
      );
    });
  });
}

const CLIENT = { apiKey: API_KEY, authToken: null, maxRetries: 0 };

async function eventsOf(client: Anthropic, marker: string) {
  const content = promptFor('text', marker);
  const request = {
    model: MODELS.anthropic,
    max_tokens: 100,
    messages: [{ role: 'user' as const, content }],
  };
  return drained(await client.messages.create({ ...request, stream: true }));
}

function withOneSlot(origin: string) {
  const config = configAt(origin);
  const providers = config.providers.map((provider) => ({
    ...provider,
    ...(provider.name === 'anthropic' && {
      accounts: [{ name: 'only', credential: 'sk-of-the-only-one', maxConcurrent: 1 }],
    }),
  }));
  return {
    ...config,
    routing: { maxWaitSeconds: 20 },
    timeouts: { keepAliveSeconds: KEEP_ALIVE_SECONDS },
    providers,
  };
}

/** A body as it comes in. */
function seenChunks(response: Response): { text(): string; ended: Promise<void> } {
  let text = '';
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  return { text: () => text, ended: read() };
}
