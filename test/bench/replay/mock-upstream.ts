// A provider with mock accounts behind the gateway's way out: Anthropic's API over calls within the process.

import type { Clock } from '../../../server/gateway/ports.ts';
import {
  type Upstream,
  UpstreamFault,
  type UpstreamReply,
  type UpstreamRequest,
} from '../../../server/gateway/upstream.ts';
import type { Journeys } from './journeys.ts';
import { type Job, MockAccount, type MockAccountOptions } from './mock-account.ts';
import { MockBody } from './mock-body.ts';
import { type MockPrompt, readMockPrompt } from './mock-prompt.ts';
import { errorBody, firstPiece, lastPiece, type MockError, nextPiece } from './mock-reply.ts';

/** Reached by nobody: calls end in this process. */
export const MOCK_BASE_URL = 'https://mock.example';

export interface MockUpstream {
  call: Upstream;
  accounts: readonly MockAccount[];
}

/** Streams that are silent for two minutes count as broken. */
const LONGEST_SILENCE_MS = 60_000;

interface Context {
  clock: Clock;
  journeys: Journeys;
}

export function createMockUpstream(accounts: readonly MockAccountOptions[], context: Context): MockUpstream {
  const byCredential = new Map(
    accounts.map((options) => [options.credential, new MockAccount(options, context.clock.monotonicMs())]),
  );
  return {
    accounts: [...byCredential.values()],
    call: (request) => answer(request, byCredential, context),
  };
}

async function answer(
  request: UpstreamRequest,
  accounts: ReadonlyMap<string, MockAccount>,
  context: Context,
): Promise<UpstreamReply> {
  const { clock, journeys } = context;
  const prompt = readMockPrompt(new TextDecoder().decode(request.body ?? new Uint8Array()));
  const account = accounts.get(credentialOf(request.headers));
  if (!prompt) return refusal(BAD_REQUEST, []);
  journeys.reached(prompt.name);
  const taken = account?.take(prompt, clock.monotonicMs()) ?? UNAUTHORIZED;
  if ('status' in taken) {
    journeys.answered(prompt.name);
    return refusal(taken, account ? limitHeaders(account, clock) : []);
  }
  return await serve(request, { prompt, job: taken, account, context });
}

/** Resolves with the first token, as the real API sends its head with it. */
function serve(
  { signal }: UpstreamRequest,
  call: { prompt: MockPrompt; job: Job; account: MockAccount | undefined; context: Context },
): Promise<UpstreamReply> {
  const { prompt, job, account, context } = call;
  const { clock, journeys } = context;
  return new Promise((resolve, reject) => {
    let cancel: () => void = () => undefined;
    const giveUp = () => {
      cancel();
      job.end();
      reject(new UpstreamFault('aborted', 'the request was given up', { isSent: true }));
    };
    const body = new MockBody(giveUp);
    const finish = () => {
      signal.removeEventListener('abort', giveUp);
      job.end();
      journeys.ended(prompt.name);
      body.push(lastPiece(job.usage));
      body.push(null);
    };
    const begin = () => {
      job.begin();
      journeys.answered(prompt.name);
      body.push(firstPiece(job.usage, { id: `msg_${prompt.name}`, model: 'mock' }));
      const headers = new Headers([
        ['content-type', 'text/event-stream; charset=utf-8'],
        ...(account ? limitHeaders(account, clock) : []),
      ]);
      resolve({ status: 200, headers, connectMs: 0, body });
      goOn();
    };
    const goOn = () => {
      const leftMs = job.endsAtMs - clock.monotonicMs();
      if (leftMs <= LONGEST_SILENCE_MS) {
        cancel = clock.setTimer(finish, leftMs);
        return;
      }
      cancel = clock.setTimer(() => {
        body.push(nextPiece());
        goOn();
      }, LONGEST_SILENCE_MS);
    };
    cancel = clock.setTimer(begin, job.firstTokenAtMs - clock.monotonicMs());
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

function refusal(error: MockError, limits: readonly [string, string][]): UpstreamReply {
  const headers = new Headers([['content-type', 'application/json'], ...limits]);
  if (error.retryAfterMs !== null) {
    headers.set('retry-after', `${Math.max(1, Math.ceil(error.retryAfterMs / 1000))}`);
  }
  const body = new MockBody();
  body.push(errorBody(error));
  body.push(null);
  return { status: error.status, headers, connectMs: 0, body };
}

function limitHeaders(account: MockAccount, clock: Clock): [string, string][] {
  const state = account.bucketState(clock.monotonicMs());
  if (!state) return [];
  const inMs = state.resetAtMs - clock.monotonicMs();
  return [
    ['anthropic-ratelimit-input-tokens-limit', `${state.limit}`],
    ['anthropic-ratelimit-input-tokens-remaining', `${state.remaining}`],
    ['anthropic-ratelimit-input-tokens-reset', new Date(clock.nowMs() + inMs).toISOString()],
  ];
}

function credentialOf(headers: Readonly<Record<string, string>>): string {
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'x-api-key') return value;
    if (name.toLowerCase() === 'authorization') return value.replace(/^Bearer +/i, '');
  }
  return '';
}

const UNAUTHORIZED: MockError = {
  status: 401,
  type: 'authentication_error',
  message: 'invalid x-api-key',
  retryAfterMs: null,
};
const BAD_REQUEST: MockError = {
  status: 400,
  type: 'invalid_request_error',
  message: 'messages: Field required',
  retryAfterMs: null,
};
