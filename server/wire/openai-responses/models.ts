// What sets OpenAI's models apart, by their names: what they take of reasoning and sampling wishes.

export interface ModelTraits {
  /** Thinks before it answers, and gives that back encrypted; null = not known. */
  isReasoning: boolean | null;
  lowestEffort: 'minimal' | 'low';
  /** The level that asks for no reasoning; null = it knows none. */
  offEffort: 'none' | 'minimal' | null;
}

const UNKNOWN: ModelTraits = { isReasoning: null, lowestEffort: 'low', offEffort: null };
const PLAIN: ModelTraits = { isReasoning: false, lowestEffort: 'low', offEffort: null };
const REASONING: ModelTraits = { isReasoning: true, lowestEffort: 'low', offEffort: null };

/**
 * First match wins. Sources: OpenAI API reference (`reasoning.effort`: levels by model) and the guide "Reasoning" (no
 * sampling fields); models that do not reason answer "Encrypted content is not supported with this model".
 */
const TRAITS: readonly { name: RegExp; traits: ModelTraits }[] = [
  { name: /^(chatgpt|gpt-(3|4)|gpt-\d[^/]*-chat)/, traits: PLAIN },
  { name: /^(o\d|codex|gpt-\d[^/]*-(codex|pro))/, traits: REASONING },
  { name: /^gpt-5(-|$)/, traits: { isReasoning: true, lowestEffort: 'minimal', offEffort: 'minimal' } },
  { name: /^gpt-\d/, traits: { isReasoning: true, lowestEffort: 'low', offEffort: 'none' } },
];

/** The traits of an upstream model; a maker's prefix (`openai/gpt-5`) does not count. */
export function modelTraits(model: string): ModelTraits {
  const name = model.toLowerCase().split('/').at(-1) ?? '';
  return TRAITS.find((row) => row.name.test(name))?.traits ?? UNKNOWN;
}
