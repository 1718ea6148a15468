// Requests through every ordered pair of dialects: what the table of losses does not name arrives, and always as the same bytes.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { Block, ChatRequest, Message } from '../../server/wire/chat.ts';
import { codecOf } from '../../server/wire/dialects.ts';
import { objectAt, parseJson } from '../../server/wire/json.ts';
import { LOSSES, type Loss, LossList } from '../../server/wire/losses.ts';
import { WireError } from '../../server/wire/scan.ts';
import { CHAT_SURFACES, type ChatSurface } from '../../server/wire/surface.ts';
import { fixturesOf, requestView, TARGET_MODELS } from './conversation.ts';

/** What each pair loses of each fixture: parts that are left out, and parts that alone would refuse the request. */
const EXPECTED = parseJson(readFileSync(new URL('../fixtures/translations.json', import.meta.url), 'utf8'));

for (const client of CHAT_SURFACES) {
  for (const target of CHAT_SURFACES.filter((surface) => surface !== client)) {
    for (const { name, text } of fixturesOf(client, 'request.json')) {
      const title = `${client} to ${target}: ${name}`;

      test(`the request of ${title} says the same`, () => {
        const { request, losses } = decoded(client, text);
        const { sent, refused } = sendable({ ...request, model: TARGET_MODELS[target] }, target);
        const wire = JSON.stringify(codecOf(target).encodeRequest(sent, losses.lose));
        const again = decoded(target, wire);
        const lost = new Set(losses.dropped);
        assert.deepEqual(comparable(again.request, lost), comparable(sent, lost));
        assert.deepEqual(
          { dropped: losses.dropped.toSorted(), refused: refused.toSorted() },
          objectAt(EXPECTED, title),
        );
      });

      test(`the request of ${title} is always the same bytes`, () => {
        const [first, second] = [1, 2].map(() => {
          const { request } = decoded(client, text);
          const { sent } = sendable({ ...request, model: TARGET_MODELS[target] }, target);
          return JSON.stringify(codecOf(target).encodeRequest(sent, new LossList().lose));
        });
        assert.equal(first, second);
      });
    }
  }
}

function decoded(surface: ChatSurface, text: string): { request: ChatRequest; losses: LossList } {
  const losses = new LossList();
  const context = { model: TARGET_MODELS[surface], isStreamed: false, lose: losses.lose };
  return { request: codecOf(surface).decodeRequest(parseJson(text), context), losses };
}

/** Schemas and limits are brought into the form that the target takes: how is tested with each dialect. */
function comparable(request: ChatRequest, lost: ReadonlySet<Loss>): unknown {
  const { maxOutputTokens: _limit, ...view } = requestView(request, lost);
  const added =
    /"(additionalProperties|type)": (false|"object")|"properties": \{\}|"description": "(Steps|An event).*"/g;
  return JSON.stringify(view, null, 1)
    .replaceAll(added, '')
    .replaceAll(/[\s,]+/g, '');
}

/** The request without the parts that the target refuses, and why it does. */
function sendable(request: ChatRequest, target: ChatSurface): { sent: ChatRequest; refused: Loss[] } {
  const refused = new Set<Loss>();
  const isTaken = (candidate: Partial<ChatRequest>) => {
    const loss = refusal({ ...request, messages: [], stopSequences: [], ...candidate }, target);
    if (loss) refused.add(loss);
    return loss === null;
  };
  const takes = (role: Message['role']) => (block: Block) =>
    isTaken({ messages: [{ role, blocks: [block] }] });
  const messages = request.messages.map(({ role, blocks }) => ({ role, blocks: blocks.filter(takes(role)) }));
  const { stopSequences } = request;
  return {
    sent: { ...request, messages, stopSequences: isTaken({ stopSequences }) ? stopSequences : [] },
    refused: [...refused],
  };
}

function refusal(request: ChatRequest, target: ChatSurface): Loss | null {
  try {
    codecOf(target).encodeRequest(request, new LossList().lose);
    return null;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    for (const [loss, { text }] of Object.entries(LOSSES)) {
      if (isLoss(loss) && error.message.includes(text)) return loss;
    }
    throw error;
  }
}

function isLoss(name: string): name is Loss {
  return Object.hasOwn(LOSSES, name);
}
