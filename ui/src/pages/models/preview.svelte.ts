// What the prices in the form would come to, as the gateway itself reckons; asked anew once typing has paused.

import { onDestroy } from 'svelte';
import { run } from '../../lib/graphql.ts';
import { Resource } from '../../lib/resource.svelte.ts';
import type { PriceInput } from './model-form.ts';
import { PRICE_PREVIEW } from './queries.ts';

const PAUSE_MS = 250;

type Answer = Awaited<ReturnType<typeof ask>>;

/** `read` tells what to ask; undefined while the form holds no readable prices. */
export function followPreview(
  modelId: string,
  read: () => { override: PriceInput | null; inputTokens: number } | undefined,
): Resource<Answer> {
  let question: { override: PriceInput | null; inputTokens: number } | undefined;
  const resource = new Resource(() => ask(modelId, question ?? { override: null, inputTokens: 0 }));
  let isFirst = true;
  $effect(() => {
    const next = read();
    if (!next) return;
    const isSame = JSON.stringify(next) === JSON.stringify(question);
    if (isSame) return;
    question = next;
    const timer = setTimeout(() => void resource.reload(), isFirst ? 0 : PAUSE_MS);
    isFirst = false;
    return () => clearTimeout(timer);
  });
  onDestroy(() => resource.dispose());
  return resource;
}

async function ask(
  id: string,
  { override, inputTokens }: { override: PriceInput | null; inputTokens: number },
) {
  const { node } = await run(PRICE_PREVIEW, { id, inputTokens, override });
  return node?.__typename === 'Model' ? node : null;
}
