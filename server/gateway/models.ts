// The model list, in the shape of the dialect that asks.

import type { Operation, Surface } from '../wire/surface.ts';
import { candidatesOf } from './candidates.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { allowedOf, allowsSurface, refuseSurface } from './key-access.ts';
import type { GatewayParts } from './parts.ts';
import type { Model } from './ports.ts';
import { jsonReply } from './reply.ts';
import type { SettleParts } from './settle.ts';

/** Every model that the caller can ask for on the surface, or the one named. Sources: "List models" of the three API references. */
export function listModels(
  exchange: Exchange,
  { model: wanted }: Extract<Operation, { kind: 'list-models' }>,
  parts: SettleParts & Pick<GatewayParts, 'modelMappings'>,
): Response {
  const { catalog, surface, caller } = exchange;
  exchange.row.affinityCode = 'not-a-model-call';
  exchange.row.affinityReason = 'not a model call';
  const shape = SHAPES[surface];
  // OpenAI lists the models of all its operations together.
  const family: readonly Surface[] = OPENAI_SURFACES.includes(surface) ? OPENAI_SURFACES : [surface];
  const surfaces = family.filter((one) => allowsSurface(caller, one));
  if (surfaces.length === 0) refuseSurface(caller, surface);
  const models = catalog.rows.models.filter((model) =>
    surfaces.some((one) => allowedOf(caller, candidatesOf(catalog, model.id, one)).length > 0),
  );
  if (wanted === null) return jsonReply(exchange, shape.list(models.map(shape.one)), parts);
  const id = parts.modelMappings.resolve(catalog, wanted.replace(/^models\//, ''))?.id;
  const model = models.find((one) => one.id === id);
  if (!model)
    throw new GatewayError('model-not-found', `Cannot find model "${wanted.slice(0, 300)}"`, {
      param: 'model',
    });
  return jsonReply(exchange, shape.one(model), parts);
}

const OPENAI_SURFACES: readonly Surface[] = ['openai-chat', 'openai-responses', 'openai-embeddings'];

interface Shape {
  one(model: Model): { id?: string; name?: string };
  list(models: readonly { id?: string }[]): unknown;
}

const OPENAI: Shape = {
  one: ({ name }) => ({ id: name, object: 'model', created: 0, owned_by: 'warmpath' }),
  list: (data) => ({ object: 'list', data }),
};

const ANTHROPIC: Shape = {
  one: ({ name, displayName }) => ({
    type: 'model',
    id: name,
    display_name: displayName ?? name,
    created_at: '1970-01-01T00:00:00Z',
  }),
  list: (data) => ({
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }),
};

const GEMINI: Shape = {
  one: ({ name, displayName }) => ({
    name: `models/${name}`,
    displayName: displayName ?? name,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  }),
  list: (models) => ({ models }),
};

const SHAPES: Readonly<Record<Surface, Shape>> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': OPENAI,
  'openai-responses': OPENAI,
  'openai-embeddings': OPENAI,
  gemini: GEMINI,
};
