// What a translation cannot carry, and what becomes of it: the one table. Dropped parts are named in the request's row.

import { WireError } from './scan.ts';

/** `drop`: left out, the answer stays what was asked for. `refuse`: leaving it out would change what is asked. */
export type LossPolicy = 'drop' | 'refuse';

/** Everything that some pair of dialects cannot carry. The text completes "Cannot translate the request: …". */
export const LOSSES = {
  // Reasoning that only its maker can read back: the plain conversation stays.
  'thinking-signature': { policy: 'drop', text: 'a thinking block is signed for another dialect' },
  'redacted-thinking': { policy: 'drop', text: 'a redacted thinking block is for another dialect' },
  'encrypted-reasoning': { policy: 'drop', text: 'an encrypted reasoning item is for another dialect' },
  'thinking-history': { policy: 'drop', text: 'the target has no place for earlier reasoning' },
  // Notes for the provider that do not change the answer.
  'billing-line': { policy: 'drop', text: "the client's billing line is for its own provider" },
  'cache-breakpoint': { policy: 'drop', text: 'the target caches prefixes by itself' },
  'cache-setting': { policy: 'drop', text: 'a prompt cache setting is for another dialect' },
  metadata: { policy: 'drop', text: 'the target has no metadata' },
  'service-tier': { policy: 'drop', text: 'a service tier is for another provider' },
  store: { policy: 'drop', text: 'the target does not keep replies' },
  citations: { policy: 'drop', text: 'the target has no citations' },
  'image-detail': { policy: 'drop', text: 'the target has no level of image detail' },
  verbosity: { policy: 'drop', text: 'the target has no verbosity' },
  'message-name': { policy: 'drop', text: 'the target has no names of speakers' },
  'tool-strictness': { policy: 'drop', text: 'the target has no strict tools' },
  'tool-error': { policy: 'drop', text: 'the target has no mark for tools that failed' },
  'parallel-call-choice': { policy: 'drop', text: 'the target cannot be told about parallel calls' },
  'safety-settings': { policy: 'drop', text: 'safety settings are for another provider' },
  'context-management': { policy: 'drop', text: 'context management is for another provider' },
  'stream-option': { policy: 'drop', text: 'a stream option is for another dialect' },
  prediction: { policy: 'drop', text: 'the target has no predicted output' },
  'unknown-field': { policy: 'drop', text: 'a field is not known' },
  // Sampling wishes the target has no dial for.
  'top-k': { policy: 'drop', text: 'the target has no top-k' },
  seed: { policy: 'drop', text: 'the target has no seed' },
  penalty: { policy: 'drop', text: 'the target has no penalties' },
  'logit-bias': { policy: 'drop', text: 'the target has no logit bias' },
  'sampling-range': { policy: 'drop', text: 'a sampling value was brought into the range of the target' },
  'reasoning-sampling': { policy: 'drop', text: 'the target takes no sampling wishes while it thinks' },
  'reasoning-effort': { policy: 'drop', text: 'the target has no such level of reasoning' },
  'json-mode': { policy: 'drop', text: 'the target has no JSON output without a schema' },
  'offered-search': { policy: 'drop', text: 'a web search was offered that runs at another provider' },
  'system-turn': {
    policy: 'drop',
    text: "an instruction amid the conversation was given among the user's words",
  },
  // These would change what is asked for.
  'server-tool': { policy: 'refuse', text: 'a tool runs at another provider' },
  'several-choices': { policy: 'refuse', text: 'the target gives one answer only' },
  logprobs: { policy: 'refuse', text: 'the target gives no log probabilities' },
  'stop-sequences': { policy: 'refuse', text: 'the target has no stop sequences' },
  'output-modality': { policy: 'refuse', text: 'the target answers in text only' },
  audio: { policy: 'refuse', text: 'the target takes no audio' },
  'file-id': { policy: 'refuse', text: "a file is kept at another provider's account" },
  'media-url': { policy: 'refuse', text: 'the target takes no media by this URL' },
  'media-type': { policy: 'refuse', text: 'the target takes no media of this type' },
  'kept-conversation': {
    policy: 'refuse',
    text: 'the conversation so far is kept at another provider; send it whole, with "store": false',
  },
  'kept-prompt': { policy: 'refuse', text: 'a prompt template is kept at another provider' },
  'kept-cache': { policy: 'refuse', text: 'a cached content is kept at another provider' },
  background: { policy: 'refuse', text: 'the target has no background replies' },
  'broken-arguments': { policy: 'refuse', text: "a tool call's arguments are not a JSON object" },
  'unknown-block': { policy: 'refuse', text: 'a part of the conversation is of an unknown kind' },
} as const satisfies Record<string, { policy: LossPolicy; text: string }>;
export type Loss = keyof typeof LOSSES;

/** Owns what one translation has lost; bounded by the table. */
export class LossList {
  readonly #dropped = new Set<Loss>();

  /** Bound, so that it can be handed on as a function. */
  readonly lose = (loss: Loss, path: string): void => {
    const { policy, text } = LOSSES[loss];
    if (policy === 'refuse')
      throw new WireError('cannot-translate', `Cannot translate the request: ${text} (${path})`, path);
    this.#dropped.add(loss);
  };

  get dropped(): Loss[] {
    return [...this.#dropped];
  }
}
