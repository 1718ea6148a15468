// The model list, in the shape of the dialect that asks.

import type { Exchange } from './exchange.ts';
import { jsonReply, type ReplyContext } from './reply.ts';

/** Every model that can be called on the caller's surface. Sources: "List models" of both API references. */
export function listModels(exchange: Exchange, parts: ReplyContext): Response {
  const { catalog, surface } = exchange;
  const models = catalog.rows.models.filter((model) => catalog.candidates(model.id, surface).length > 0);
  exchange.row.affinityReason = 'not a model call';
  if (surface === 'anthropic-messages') {
    const data = models.map((model) => ({
      type: 'model',
      id: model.name,
      display_name: model.displayName ?? model.name,
      created_at: '1970-01-01T00:00:00Z',
    }));
    const body = { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return jsonReply(exchange, body, parts);
  }
  const data = models.map((model) => ({ id: model.name, object: 'model', created: 0, owned_by: 'warmpath' }));
  return jsonReply(exchange, { object: 'list', data }, parts);
}
