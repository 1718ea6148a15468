// A model that thinks for long sends nothing: the connection must stay, though Bun closes quiet ones by default.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { ask, bytesOf } from './clients.ts';
import { API_KEY, configAt, writeConfig } from './config.ts';
import { ADMIN_TOKEN, GatewayProcess, isRecord, SKIP_REASON, temporaryFolder } from './gateway-process.ts';
import { eventually, within } from './poll.ts';
import { answerAsAsked } from './replies.ts';
import { TestUpstream } from './test-upstream.ts';

/** Longer than the server's idle limit of 15 s and the runtime's granularity of 4 s. */
const QUIET_MS = 20_000;

describe('a connection that is quiet for long', { skip: SKIP_REASON, concurrency: true }, () => {
  let upstream: TestUpstream;
  let folder: string;
  let gateway: GatewayProcess;

  before(async () => {
    upstream = await TestUpstream.listen(answerAsAsked);
    folder = await temporaryFolder();
    gateway = await GatewayProcess.start({ config: await writeConfig(folder, configAt(upstream.origin)) });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('stays open in the middle of a stream', async () => {
    const response = await ask(gateway.origin, {
      scenario: 'never-ending',
      stream: true,
      marker: 'quiet-stream',
    });
    const call = await upstream.callThatSays('quiet-stream');
    const bytes = bytesOf(response);
    await quiet();
    call.write('event: message_stop\ndata: {"type":"message_stop"}\n\n');
    call.end();
    // The silence lasts longer than one keep-alive comment; everything else is what the upstream sent.
    const seen = (await within('the end', bytes)).toString();
    assert.match(seen, /\n\n: ping\n\n/);
    assert.equal(seen.replaceAll(': ping\n\n', ''), call.sent.toString());
  });

  it('stays open before the reply begins', async () => {
    const asking = ask(gateway.origin, { scenario: 'silent', marker: 'quiet-start' });
    const call = await upstream.callThatSays('quiet-start');
    await Promise.race([quiet(), asking]);
    call.reply(200, { type: 'message' });
    const response = await within('the reply', asking);
    assert.deepEqual([response.status, await response.text()], [200, '{"type":"message"}']);
  });

  it('is cut while a request body stops coming, and the request has its row', async () => {
    const { hostname, port } = new URL(gateway.origin);
    const socket = connect(Number(port), hostname);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nHost: ${hostname}\r\nx-request-id: half-sent\r\n` +
        `authorization: Bearer ${API_KEY}\r\ncontent-length: 1000\r\n\r\n{"model":`,
    );
    await within('the cut', closed, { deadlineMs: 3 * QUIET_MS });
    await eventually('the row', async () => {
      const { requestLogs } = await gateway.query(
        '{ requestLogs(filter: { search: "half-sent" }) { totalCount } }',
      );
      return isRecord(requestLogs) && requestLogs.totalCount === 1;
    });
  });

  it('stays open for a subscription, which shows an event right after', async () => {
    const response = await fetch(`${gateway.origin}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${ADMIN_TOKEN}`,
      },
      body: JSON.stringify({ query: 'subscription { requestLogged { requestId } }' }),
    });
    assert.equal(response.status, 200);
    const events = textUntil(response, 'after-the-silence');
    await quiet();
    await (await ask(gateway.origin, { marker: 'after-the-silence' })).text();
    await within('the event', events);
  });
});

/** The one real wait of the suite: what is tested is a timer of the runtime, which no clock of ours moves. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIET_MS));
}

async function textUntil(response: Response, wanted: string): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(wanted)) return;
  }
  assert.fail(`Cannot see ${wanted}: the subscription ended`);
}
