// Reads the golden files of the Gemini dialect; what they hold comes from the examples of Google's API guides.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChatRequest, Lose, ReplyContext } from '../../../server/wire/chat.ts';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import type { Loss } from '../../../server/wire/losses.ts';
import type { ServerSentEvent } from '../../../server/wire/sse.ts';

const ROOT = fileURLToPath(new URL('../../fixtures/gemini', import.meta.url));

/** The cases that have this file. */
export function casesWith(file: string): string[] {
  return readdirSync(ROOT).filter((name) => existsSync(join(ROOT, name, file)));
}

export function bytesOf(name: string, file: string): Uint8Array {
  return readFileSync(join(ROOT, name, file));
}

export function jsonOf(name: string, file: string): unknown {
  return JSON.parse(new TextDecoder().decode(bytesOf(name, file)));
}

/** Models from Gemini 3 on take penalties and images in function results; the others a budget of thought. */
export function modelOf(name: string): string {
  return name === 'tools' || name === 'conversation' ? 'gemini-3-flash-preview' : 'gemini-2.5-flash';
}

/** A note of losses that refuses nothing, so that a test sees them all. */
export function noting(): { losses: Loss[]; lose: Lose } {
  const losses: Loss[] = [];
  return { losses, lose: (loss) => losses.push(loss) };
}

export function decodeRequest(
  body: unknown,
  model = 'gemini-2.5-flash',
  lose: Lose = noting().lose,
): ChatRequest {
  return geminiCodec.decodeRequest(body, { model, isStreamed: false, lose });
}

/** What an encoder of replies is told; thoughts were asked for. */
export function replyContext(
  request: object = { generationConfig: { thinkingConfig: { includeThoughts: true } } },
): ReplyContext {
  return { model: 'my-model', createdAtMs: 0, request: decodeRequest({ contents: [], ...request }) };
}

export function jsonEvent(data: unknown): ServerSentEvent {
  return { event: '', data: JSON.stringify(data) };
}
