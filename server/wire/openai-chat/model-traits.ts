// What sets chat models apart, by their makers' names: the fields that one of them needs and another one refuses.

/** How a model is told to think: by a level, by an on/off switch, or not at all. */
export type ReasoningDial = 'effort' | 'switch' | 'none';

export interface ModelTraits {
  outputLimit: 'max_completion_tokens' | 'max_tokens';
  reasoning: ReasoningDial;
  /** The lowest level it knows, and the one that asks for no reasoning; null = it knows none. */
  lowestEffort: 'minimal' | 'low';
  offEffort: 'none' | 'minimal' | 'low' | null;
  /** Takes temperature, top_p and penalties. */
  takesSampling: boolean;
  /** Wants its earlier reasoning back in turns that called tools. */
  wantsReasoningBack: boolean;
  /** Refuses every field that is not its own, and call ids that are not nine letters or digits. */
  isStrict: boolean;
}

/**
 * For OpenAI and every name that is not known. `max_completion_tokens`, because OpenAI's reasoning models refuse
 * `max_tokens` ("Unsupported parameter") while all its other models, Azure, OpenRouter, vLLM, Groq and Moonshot take it.
 */
const USUAL: ModelTraits = {
  outputLimit: 'max_completion_tokens',
  reasoning: 'effort',
  lowestEffort: 'low',
  offEffort: null,
  takesSampling: true,
  wantsReasoningBack: false,
  isStrict: false,
};

/** Makers and servers that know only the older name of the output limit. */
const OLDER: ModelTraits = { ...USUAL, outputLimit: 'max_tokens' };

/**
 * First match wins. Sources: OpenAI API reference (`reasoning_effort`: levels by model) and guide "Reasoning" (no
 * sampling fields); DeepSeek guide "Thinking mode" and Moonshot's error "reasoning_content is missing in assistant tool
 * call message" (both refuse tool turns without it, an empty one will do); Mistral's "Extra inputs are not permitted"
 * for `max_completion_tokens`, `user` and `reasoning_content`, and its nine-character call ids; xAI guide "Reasoning"
 * (`reasoning_effort` for the mini models only).
 */
const TRAITS: readonly { name: RegExp; traits: ModelTraits }[] = [
  { name: /^(chatgpt|gpt-5[^/]*-chat)/, traits: { ...USUAL, reasoning: 'none' } },
  { name: /^gpt-(3|4)/, traits: { ...USUAL, reasoning: 'none' } },
  {
    name: /^gpt-5(-|$)/,
    traits: { ...USUAL, lowestEffort: 'minimal', offEffort: 'minimal', takesSampling: false },
  },
  { name: /^gpt-\d/, traits: { ...USUAL, offEffort: 'none', takesSampling: false } },
  { name: /^(o\d|codex)/, traits: { ...USUAL, offEffort: 'low', takesSampling: false } },
  { name: /^gpt-oss/, traits: { ...OLDER, offEffort: 'low' } },
  { name: /deepseek/, traits: { ...OLDER, reasoning: 'switch', wantsReasoningBack: true } },
  { name: /kimi|moonshot/, traits: { ...USUAL, reasoning: 'switch', wantsReasoningBack: true } },
  { name: /glm/, traits: { ...OLDER, reasoning: 'switch', wantsReasoningBack: true } },
  { name: /[sx]tral/, traits: { ...OLDER, reasoning: 'none', isStrict: true } },
  { name: /grok(?!.*mini)/, traits: { ...USUAL, reasoning: 'none' } },
  { name: /qwen|qwq|llama|gemma|phi-/, traits: { ...OLDER, reasoning: 'none' } },
];

/** The traits of an upstream model; a maker's prefix (`openai/gpt-5`) does not count. */
export function modelTraits(model: string): ModelTraits {
  const name = model.toLowerCase().split('/').at(-1) ?? '';
  return TRAITS.find((row) => row.name.test(name))?.traits ?? USUAL;
}
