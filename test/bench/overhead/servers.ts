// The processes that the overhead bench measures: a canned upstream, a bare pass-through and the gateway.

import { systemClock } from '../../../server/boot/clock.ts';
import { listen } from '../../../server/serve.ts';
import { startRig } from '../rig.ts';
import { API_KEY, MODEL } from './call.ts';

const STREAM_EVENTS = 40;
const REPLY_TEXT = 'the parser returns a stale handle and the test that reads it twice fails. '.repeat(12);

const USAGE = {
  input_tokens: 20,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 1_000,
  output_tokens: 220,
};

interface Server {
  port: number;
  stop(): Promise<void>;
}

const SERVERS: Record<string, (upstreamUrl: string) => Promise<Server>> = {
  upstream: startUpstream,
  'pass-through': startPassThrough,
  gateway: startGateway,
};

const [role = '', upstreamUrl = ''] = process.argv.slice(2);
const start = SERVERS[role];
if (!start) throw new Error(`Cannot start "${role}": there are ${Object.keys(SERVERS).join(', ')}`);
const server = await start(upstreamUrl);
console.log(server.port);
// The bench holds the other end: should it die, nothing is left behind.
process.stdin.on('end', () => void server.stop().finally(() => process.exit(0))).resume();

async function startUpstream(): Promise<Server> {
  const message = JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: MODEL,
    content: [{ type: 'text', text: REPLY_TEXT }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: USAGE,
  });
  const events = streamEvents();
  return serve(async (request) => {
    const isStreamed = (await request.text()).includes('"stream":true');
    if (!isStreamed) return new Response(message, { headers: { 'content-type': 'application/json' } });
    return new Response(eventBody(events), { headers: { 'content-type': 'text/event-stream' } });
  });
}

function streamEvents(): Uint8Array[] {
  const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: MODEL, content: [] };
  const text = REPLY_TEXT.slice(0, 24);
  const events = [
    { type: 'message_start', message: { ...message, usage: { ...USAGE, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...Array.from({ length: STREAM_EVENTS }, () => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: USAGE },
    { type: 'message_stop' },
  ];
  return events.map((event) =>
    new TextEncoder().encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
  );
}

function eventBody(events: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const event = events[next];
      next += 1;
      if (event) controller.enqueue(event);
      else controller.close();
    },
  });
}

/** The least that a proxy can do: no look at the bodies, two headers passed on. */
async function startPassThrough(upstreamUrl: string): Promise<Server> {
  return serve(async (request) => {
    const reply = await fetch(upstreamUrl + new URL(request.url).pathname, {
      method: request.method,
      headers: { 'content-type': 'application/json', 'x-api-key': request.headers.get('x-api-key') ?? '' },
      body: await request.arrayBuffer(),
    });
    const headers = { 'content-type': reply.headers.get('content-type') ?? '' };
    return new Response(reply.body, { status: reply.status, headers });
  });
}

async function serve(app: (request: Request) => Promise<Response>): Promise<Server> {
  const listener = await listen(app, { host: '127.0.0.1', port: 0 });
  return { port: listener.port, stop: () => listener.stop(0) };
}

async function startGateway(upstreamUrl: string): Promise<Server> {
  const rig = await startRig({
    clock: systemClock,
    fetch: (url, init) => fetch(url, init),
    config: {
      providers: [
        {
          name: 'bench',
          allowPrivateNetwork: true,
          endpoints: [{ name: 'main', surface: 'anthropic-messages', baseUrl: upstreamUrl }],
          accounts: [1, 2, 3, 4].map((number) => ({
            name: `account-${number}`,
            credential: `credential-${number}`,
          })),
          models: [{ model: MODEL }],
        },
      ],
      apiKeys: [{ name: 'bench', key: API_KEY }],
    },
  });
  return { port: Number(new URL(rig.url).port), stop: rig.stop };
}
