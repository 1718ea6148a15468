// What a Claude model accepts beyond what its API accepts: the one table. Edit here when a model comes out.

/** What requests to one model may say. */
export interface ModelTraits {
  /** How thinking is asked for: by a budget of tokens, or left to the model, guided by an effort. */
  thinking: 'budget' | 'adaptive';
  /** Thinking cannot be switched off. */
  alwaysThinks: boolean;
  /** `temperature`, `top_p` and `top_k` may differ from their defaults. */
  takesSampling: boolean;
  /** `temperature` and `top_p` may both be given. */
  takesBothSamplings: boolean;
  /** Instructions may stand in the middle of the conversation as turns of role `system`. */
  takesSystemTurns: boolean;
}

/** Servers that speak Anthropic's dialect with models of their own follow its older form. */
const FOREIGN_MODEL: ModelTraits = {
  thinking: 'budget',
  alwaysThinks: false,
  takesSampling: true,
  takesBothSamplings: true,
  takesSystemTurns: false,
};

/** Families of which every member thinks always. */
const THINKING_FAMILIES: ReadonlySet<string> = new Set(['fable', 'mythos']);
/** Families whose members think always from 5.5 on. */
const THINKING_FAMILIES_SINCE_5_5: ReadonlySet<string> = new Set(['opus', 'sonnet']);

/**
 * Reads family and version out of a model name such as `claude-opus-4-7`, `anthropic/claude-sonnet-4.5` or
 * `claude-3-5-haiku-20241022`; a Claude without a version is taken for the newest. From 4.6 on thinking is adaptive
 * (a budget is refused from 4.7 on: `"thinking.type.enabled" is not supported for this model`), from 4.7 on sampling
 * fields are refused, from 4.8 on system turns are taken. Sources: platform.claude.com, "Thinking", "Mid-conversation
 * system messages", and the model catalogue of the AI SDK's Anthropic provider.
 */
export function modelTraits(model: string): ModelTraits {
  const name = model.toLowerCase();
  if (!name.includes('claude')) return FOREIGN_MODEL;
  const family = /claude-(?:[0-9.-]*)([a-z]+)/.exec(name)?.[1] ?? '';
  const version = versionOf(name);
  return {
    thinking: version >= 4.06 ? 'adaptive' : 'budget',
    alwaysThinks:
      THINKING_FAMILIES.has(family) || (THINKING_FAMILIES_SINCE_5_5.has(family) && version >= 5.05),
    takesSampling: version < 4.07,
    takesBothSamplings: version < 4.01,
    takesSystemTurns: version >= 4.08,
  };
}

/** `4-7` and `4.7` are 4.07, so that versions compare as numbers; a date behind the version is not part of it. */
function versionOf(name: string): number {
  const found = /claude-(?:[a-z]+-)?v?(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)/.exec(name);
  if (!found) return Number.POSITIVE_INFINITY;
  return Number(found[1]) + Number(found[2] ?? 0) / 100;
}
