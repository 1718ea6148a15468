// What a model's tokens cost by the list, as requests for it are priced: at one of its mappings, and whether it is known.

import type { Catalog } from '../gateway/catalog.ts';
import type { Model, ModelMapping, ModelPrice } from '../gateway/ports.ts';
import { type UnitPrices, unitPrices } from '../gateway/pricing.ts';

export interface PriceQuestion {
  /** Size of the prompt, which tiers depend on. */
  inputTokens: number;
  /** Priced as if the model had this override; null = none, absent = its own. */
  price?: ModelPrice | null;
}

export function mappingsOf(catalog: Catalog, modelId: string): ModelMapping[] {
  return catalog.rows.mappings.filter((mapping) => mapping.modelId === modelId);
}

/** Requests go to any endpoint of the provider; the first one stands for all. */
export function mappingPrices(
  catalog: Catalog,
  { modelId, providerId, upstreamModel }: ModelMapping,
  question: PriceQuestion,
): UnitPrices | null {
  const model = catalog.models.get(modelId);
  const endpoint = catalog.rows.endpoints.find((row) => row.providerId === providerId);
  return model ? pricesOf(model, { upstreamModel, baseUrl: endpoint?.baseUrl ?? '' }, question) : null;
}

/** At its first mapping; a model that nobody serves is priced by its own name. */
export function modelPrices(catalog: Catalog, model: Model, question: PriceQuestion): UnitPrices | null {
  const [first] = mappingsOf(catalog, model.id);
  if (first) return mappingPrices(catalog, first, question);
  return pricesOf(model, { upstreamModel: model.name, baseUrl: '' }, question);
}

/** Whether requests for it may end up without a price. */
export function isUnpriced(catalog: Catalog, model: Model): boolean {
  const question = { inputTokens: 0 };
  const mappings = mappingsOf(catalog, model.id);
  if (mappings.length === 0) return modelPrices(catalog, model, question) === null;
  return mappings.some((mapping) => mappingPrices(catalog, mapping, question) === null);
}

function pricesOf(
  { name, price }: Model,
  way: { upstreamModel: string; baseUrl: string },
  question: PriceQuestion,
): UnitPrices | null {
  const asked = question.price === undefined ? price : question.price;
  return unitPrices({ model: { name, price: asked }, ...way }, question.inputTokens);
}
