// The reasoning that compatible servers put beside the answer, under one of three names.

import { isObject, type JsonObject, listAt, textAt } from '../json.ts';

/**
 * The reasoning text of a message or delta, '' when there is none. DeepSeek, vLLM, Moonshot and Z.ai say
 * `reasoning_content`; OpenRouter and Groq `reasoning`; OpenRouter repeats it as `reasoning_details`, Mistral puts
 * `thinking` parts into the content. A server that uses two names says the same under both: the first one counts.
 */
export function reasoningText(holder: JsonObject): string {
  const plain = textAt(holder, 'reasoning_content') || textAt(holder, 'reasoning');
  if (plain) return plain;
  const details = listAt(holder, 'reasoning_details').map(detailText).join('');
  return details === '' ? partsText(holder.content, 'thinking') : details;
}

/** The answer's own text: a string, or the text parts of a list. */
export function answerText(holder: JsonObject): string {
  return textAt(holder, 'content') ?? partsText(holder.content, 'text');
}

function detailText(detail: unknown): string {
  return textAt(detail, 'text') ?? textAt(detail, 'summary') ?? '';
}

function partsText(content: unknown, type: 'text' | 'thinking'): string {
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (isObject(part) && part.type === type ? partText(part, type) : ''))
    .join('');
}

function partText(part: JsonObject, type: 'text' | 'thinking'): string {
  return (
    textAt(part, type) ??
    listAt(part, type)
      .map((inner) => textAt(inner, 'text') ?? '')
      .join('')
  );
}
