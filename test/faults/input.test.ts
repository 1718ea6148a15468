// Requests whose bodies are no JSON, ambiguous, extreme or bombs: refused before any upstream, or passed byte for byte.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { API_KEY } from '../process/config.ts';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { type Ask, bodyOf, pathOf, sendRaw } from './client-call.ts';
import { type Expected, FaultBench } from './fault-bench.ts';
import { assertNativeShape } from './native-errors.ts';
import { CHAT_SURFACES } from './samples.ts';

const MAX_BODY_MB = 2;
const MB = 1024 * 1024;
const BOMB_MB = 64;

const CODERS: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};

/** A good request whose last field is as given. */
function bodyWith(ask: Ask, field: string): string {
  return `${bodyOf(ask, 'hi').slice(0, -1)},${field}}`;
}

describe('a request body', { skip: SKIP_REASON }, () => {
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.open({
      settings: { limits: { maxBodyMb: MAX_BODY_MB } },
      routes: {
        ...Object.fromEntries(
          CHAT_SURFACES.map((surface) => [surface, { surface, hops: [['/good', 'a']] as const }]),
        ),
        // Served on another surface than they are asked for.
        ...Object.fromEntries(
          CHAT_SURFACES.map((surface) => [
            `translated-${surface}`,
            {
              surface: surface === 'openai-chat' ? 'gemini' : 'openai-chat',
              hops: [['/good', 'a']] as const,
            },
          ]),
        ),
      },
    });
  });
  after(() => bench?.close());

  const rejected = async (ask: Ask, status: number, errorCode?: string) => {
    const expected: Expected = { status, outcome: 'REJECTED', attempts: [], isOwnError: true };
    const before = bench.upstream.calls.length;
    const { reply } = await bench.check(ask, errorCode === undefined ? expected : { ...expected, errorCode });
    assert.equal(bench.upstream.calls.length, before, 'the upstream was asked');
    return reply;
  };

  const unreadable: Record<string, string> = {
    'is empty': '',
    'is cut short': '{"model":"x","messages":[',
    'is no JSON': 'model=x&stream=true',
    'is a text': '"model"',
    'is a list': '[{"model":"x"}]',
    'is null': 'null',
    'has a comma too many': '{"model":"x",}',
    'has something after its end': '{"model":"x"} x',
  };
  for (const surface of CHAT_SURFACES) {
    for (const [what, body] of Object.entries(unreadable)) {
      it(`that ${what} is refused on ${surface}`, async () => {
        await rejected({ model: surface, surface, body }, 400);
      });
    }
  }

  const wrongTypes: Record<string, string> = {
    'no model': '{"messages":[]}',
    'a number for a model': '{"model":5,"messages":[]}',
    'an empty model': '{"model":"","messages":[]}',
    'a text for stream': '{"model":"anthropic-messages","stream":"yes","messages":[]}',
  };
  for (const surface of ['anthropic-messages', 'openai-chat', 'openai-responses'] as const) {
    for (const [what, body] of Object.entries(wrongTypes)) {
      it(`with ${what} is refused on ${surface}`, async () => {
        await rejected({ model: surface, surface, body }, 400);
      });
    }

    for (const name of ['model', 'stream']) {
      it(`with the field ${name} twice is refused on ${surface}`, async () => {
        const value = name === 'model' ? '"other"' : 'true';
        const escaped = `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`;
        for (const key of [`"${name}"`, escaped]) {
          await rejected(
            { model: surface, surface, body: bodyWith({ surface, model: surface }, `${key}:${value}`) },
            400,
            'duplicate-field',
          );
        }
      });
    }
  }

  const extreme: Record<string, string> = {
    'is 100,000 levels deep': `"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    'has lone surrogates': '"x":"\\ud800 \\udc00\\ud800"',
    'has NUL characters': '"x":"a\\u0000b"',
    'has numbers beyond range': '"x":[1e400,-1e400,123456789012345678901234567890,0.1e-999,-0]',
    'has keys of prototypes': '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}',
    'has odd spacing and escapes': '"x" :\t[ 1 ,\r\n "\\/\\u00e4" ]',
    'has 50,000 keys': `"x":{${Array.from({ length: 50_000 }, (_, index) => `"k${index}":0`).join(',')}}`,
    'has a long text': `"x":"${'\\"'.repeat(500_000)}"`,
  };
  for (const [what, field] of Object.entries(extreme)) {
    it(`that ${what} is passed on byte for byte`, async () => {
      for (const surface of CHAT_SURFACES) {
        const body = bodyWith({ surface, model: surface }, field);
        const before = bench.upstream.calls.length;
        const { reply } = await bench.check(
          { model: surface, surface, body },
          { status: 200, attempts: ['a OK 200'] },
        );
        assert.ok(bench.upstream.calls[before]?.body.equals(Buffer.from(body)), 'the bytes differ');
        assert.ok(reply.durationMs < 10_000, `${reply.durationMs} ms`);
      }
    });

    for (const surface of CHAT_SURFACES) {
      it(`that ${what} is translated from ${surface} or refused, and breaks nothing`, async () => {
        const model = `translated-${surface}`;
        const client = bench.ask({ model, surface, body: bodyWith({ surface, model }, field) });
        const { status, durationMs, body } = await client.reply();
        assert.ok(status === 200 || status === 400, `${status} ${body}`);
        assert.ok(durationMs < 10_000, `${durationMs} ms`);
        await bench.settledRow(client.requestId, model);
        bench.assertHealthyProcess();
      });
    }
  }

  it('of bytes that are no UTF-8 is refused or passed on as it is', async () => {
    const body = Buffer.concat([
      Buffer.from('{"model":"anthropic-messages","messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('"}]}'),
    ]);
    const client = bench.ask({ model: 'anthropic-messages', body });
    const { status } = await client.reply();
    if (status === 200) assert.ok(bench.upstream.calls.at(-1)?.body.equals(body), 'the bytes differ');
    else assert.equal(status, 400);
    await bench.settledRow(client.requestId, 'anthropic-messages');
  });

  for (const [coding, encode] of Object.entries(CODERS)) {
    const headers = { 'content-encoding': coding };
    const model = 'anthropic-messages';

    it(`in ${coding} arrives unpacked`, async () => {
      const body = bodyOf({ model }, 'packed '.repeat(1_000));
      const before = bench.upstream.calls.length;
      await bench.check(
        { model, headers, body: encode(Buffer.from(body)) },
        { status: 200, attempts: ['a OK 200'] },
      );
      const call = bench.upstream.calls[before];
      assert.equal(call?.body.toString(), body);
      assert.equal(call?.headers['content-encoding'], undefined);
    });

    it(`in ${coding} that unpacks beyond the limit is refused`, async () => {
      const bomb = encode(Buffer.alloc(BOMB_MB * MB, ' '));
      assert.ok(bomb.length < MAX_BODY_MB * MB);
      const reply = await rejected({ model, headers, body: bomb }, 413, 'body-too-large');
      assert.ok(reply.durationMs < 10_000, `${reply.durationMs} ms`);
    });

    it(`in ${coding} that is cut short or no ${coding} at all is refused`, async () => {
      const packed = encode(Buffer.from(bodyOf({ model }, 'packed '.repeat(1_000))));
      await rejected({ model, headers, body: packed.subarray(0, packed.length - 4) }, 400);
      await rejected({ model, headers, body: bodyOf({ model }, 'not packed') }, 400);
    });
  }

  it('in a coding that nobody knows is refused', async () => {
    const model = 'openai-chat';
    const headers = { 'content-encoding': 'snappy' };
    await rejected({ model, surface: model, headers }, 415, 'unsupported-encoding');
  });

  for (const surface of CHAT_SURFACES) {
    it(`over the limit is refused on ${surface}`, async () => {
      const body = bodyOf({ surface, model: surface }, 'x'.repeat(MAX_BODY_MB * MB));
      await rejected({ model: surface, surface, body }, 413, 'body-too-large');
    });

    it(`that is declared over the limit is refused before it is sent, on ${surface}`, async () => {
      const path = pathOf({ model: surface, surface });
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\nconnection: close\r\n`;
      const { status, text, durationMs } = await sendRaw(
        bench.gateway.origin,
        `${head}content-type: application/json\r\ncontent-length: ${50 * MB}\r\n\r\n{`,
      );
      bench.countRequest();
      assert.equal(status, 413, text);
      assert.ok(durationMs < 10_000, `${durationMs} ms`);
      assertNativeShape(surface, JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? 'null'));
    });
  }

  it('over the limit is refused when it comes in chunks of unknown number', async () => {
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\nconnection: close\r\n`;
    const { status, text } = await sendRaw(
      bench.gateway.origin,
      `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat((MAX_BODY_MB * MB) / 0x10000 + 4)}`,
    );
    bench.countRequest();
    assert.equal(status, 413, text);
  });

  it('within the limit passes whatever its pieces', async () => {
    const body = bodyOf({ model: 'anthropic-messages' }, 'in pieces');
    const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join('');
    const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\nconnection: close\r\n`;
    const { status } = await sendRaw(
      bench.gateway.origin,
      `${head}transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    bench.countRequest();
    assert.equal(status, 200);
    assert.equal(bench.upstream.callsWith('in pieces')[0]?.body.toString(), body);
  });

  it('leaves no row lost and none twice', () => bench.assertRowPerRequest());
});
