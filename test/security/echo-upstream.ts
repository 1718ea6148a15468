// A provider that repeats the credential it was given, in every place where a reply has room for one.

import type { Script, UpstreamCall } from '../process/test-upstream.ts';

/** How the provider answers; the model's name names it. */
const ECHOES = {
  'in-content': (call, secret) => call.reply(200, anthropicMessage(secret), echoHeaders(secret)),
  'in-usage': (call, secret) =>
    call.reply(200, { ...anthropicMessage('hi'), usage: { ...USAGE, service_tier: secret, [secret]: 1 } }),
  'in-refusal': (call, secret) =>
    call.reply(400, errorBody('invalid_request_error', secret), echoHeaders(secret)),
  'in-error-type': (call, secret) => call.reply(400, errorBody(secret, 'no')),
  'in-long-refusal': (call, secret) =>
    call.reply(400, errorBody('invalid_request_error', 'x'.repeat(1_980) + secret)),
  'in-unauthorized': (call, secret) => call.reply(401, errorBody(`authentication_error ${secret}`, secret)),
  'in-forbidden': (call, secret) => call.reply(403, errorBody(`permission_error ${secret}`, secret)),
  'in-rate-limit': (call, secret) => call.reply(429, errorBody(`rate_limit_error ${secret}`, secret)),
  'in-quota': (call, secret) => call.reply(402, errorBody(`billing_error ${secret}`, secret)),
  'in-overload': (call, secret) => call.reply(529, errorBody(`overloaded_error ${secret}`, secret)),
  'in-server-error': (call, secret) => call.reply(500, errorBody(`api_error ${secret}`, secret)),
  'in-missing-model': (call, secret) => call.reply(404, errorBody(`model ${secret}`, `model ${secret}`)),
  'in-error-of-200': (call, secret) => call.reply(200, errorBody(`api_error ${secret}`, secret)),
  'in-redirect': (call, secret) =>
    call.reply(302, secret, { ...echoHeaders(secret), location: `https://elsewhere.invalid/?key=${secret}` }),
  'in-bad-json': (call, secret) => call.reply(200, `{"usage": ${secret}`),
  'in-html': (call, secret) => call.reply(502, `<p>${secret}</p>`, { 'content-type': 'text/html' }),
  'in-first-event': (call, secret) =>
    streamed(call, [event('error', errorBody(`overloaded_error ${secret}`, secret))]),
  'in-refusing-event': (call, secret) =>
    streamed(call, [event('error', errorBody(`invalid_request_error ${secret}`, secret))]),
  'in-later-event': (call, secret) =>
    streamed(call, [...begin(secret), event('error', errorBody('api_error', secret))]),
  'in-unreadable-event': (call, secret) =>
    streamed(call, [...begin(secret), `event: ${secret}\ndata: {${secret}\n\n`]),
  'in-stream-usage': (call, secret) => streamed(call, [...begin(secret), ...end(secret)]),
  'in-broken-stream': (call, secret) => {
    call.begin(200, EVENT_STREAM);
    for (const part of begin(secret)) call.write(part);
    setTimeout(() => call.breakOff(), 50);
  },
} satisfies Record<string, (call: UpstreamCall, secret: string) => void>;

export type Echo = keyof typeof ECHOES;
export const ECHO_NAMES = Object.keys(ECHOES).filter(isEcho);

/** Where the client gets what the provider said, byte for byte: also when that repeats the credential. */
export const PASSES_BYTES: ReadonlySet<Echo> = new Set<Echo>([
  'in-content',
  'in-usage',
  'in-refusal',
  'in-error-type',
  'in-long-refusal',
  'in-overload',
  'in-server-error',
  'in-missing-model',
  'in-bad-json',
  'in-html',
  'in-error-of-200',
  'in-first-event',
  'in-refusing-event',
  'in-later-event',
  'in-unreadable-event',
  'in-stream-usage',
  'in-broken-stream',
]);

export const echoScript: Script = (call) => {
  const { authorization, 'x-api-key': apiKey } = call.headers;
  const secret = String(apiKey ?? authorization?.replace(/^Bearer /, '') ?? 'no credential was sent');
  const model = /"model":"([^"]+)"/.exec(call.body.toString())?.[1] ?? '';
  if (isEcho(model)) ECHOES[model](call, secret);
  else call.reply(200, anthropicMessage('hi'));
};

function isEcho(name: string): name is Echo {
  return Object.hasOwn(ECHOES, name);
}

const USAGE = { input_tokens: 11, output_tokens: 7 };
const EVENT_STREAM = { 'content-type': 'text/event-stream' };

function anthropicMessage(text: string): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: USAGE,
  };
}

function errorBody(type: string, message: string): object {
  return { type: 'error', error: { type, message: `Cannot take ${message}: refused`, code: type } };
}

/** None of these may reach the client. */
function echoHeaders(secret: string): Record<string, string> {
  return {
    'set-cookie': `session=${secret}`,
    'x-debug': secret,
    'www-authenticate': `Bearer realm="${secret}"`,
    'x-api-key': secret,
    server: secret,
    via: secret,
  };
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`;
}

function begin(secret: string): string[] {
  return [
    event('message_start', {
      message: { ...anthropicMessage(''), content: [], usage: { ...USAGE, note: secret } },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: secret } }),
  ];
}

function end(secret: string): string[] {
  return [
    event('content_block_stop', { index: 0 }),
    event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9, note: secret } }),
    event('message_stop', {}),
  ];
}

function streamed(call: UpstreamCall, parts: readonly string[]): void {
  call.begin(200, EVENT_STREAM);
  for (const part of parts) call.write(part);
  call.end();
}
