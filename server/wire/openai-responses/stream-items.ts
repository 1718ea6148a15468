// The output items of one stream, and which of them an event means.

import { textAt } from '../json.ts';

export type ItemKind = 'message' | 'reasoning' | 'call';

/** One output item as far as it is known. */
export interface StreamItem {
  kind: ItemKind;
  index: number;
  id: string | null;
  callId: string | null;
  /** The neutral blocks it has given, by part: one for each content part, else one under ''. */
  blocks: Map<string, number>;
  endedParts: Set<string>;
  /** How much of each part's text has been passed on, in characters. */
  lengths: Map<string, number>;
  /** Which of the two texts of a reasoning item is shown. */
  source: 'summary' | 'content' | null;
  /** Arguments that wait for the call's name. */
  held: string;
  /** Arguments as given with the item's start. */
  fallback: string | null;
  isClosed: boolean;
  /** Found again in the whole response. */
  isMatched: boolean;
}

/** What an event or an item says of its place; servers leave out some of it, and some make up a new id each time. */
interface Where {
  id: string | null;
  index: unknown;
}

/** The kind of an output item; null = a tool of the provider's own, which is not told. */
export function kindOf(wire: unknown): ItemKind | null {
  switch (textAt(wire, 'type')) {
    case 'message':
      return 'message';
    case 'reasoning':
      return 'reasoning';
    case 'function_call':
    case 'custom_tool_call':
      return 'call';
    default:
      return null;
  }
}

/** Owns the items in order of their start. A place may be taken again by a new item: the newest counts. */
export class StreamItems {
  readonly all: StreamItem[] = [];

  /** Starts an item, unless it is the same one told again. `replaced` had its place before and ends by this. */
  open(
    kind: ItemKind,
    { wire, index }: { wire: unknown; index: unknown },
  ): { item: StreamItem; replaced: StreamItem | null } {
    const id = textAt(wire, 'id');
    const callId = textAt(wire, 'call_id');
    const before = this.#at(index);
    if (before?.kind === kind && !before.isClosed && before.id === id && before.callId === callId) {
      return { item: before, replaced: null };
    }
    const item: StreamItem = {
      kind,
      index: typeof index === 'number' ? index : this.all.length,
      id,
      callId,
      blocks: new Map(),
      endedParts: new Set(),
      lengths: new Map(),
      source: null,
      held: '',
      fallback: null,
      isClosed: false,
      isMatched: false,
    };
    this.all.push(item);
    return { item, replaced: before ?? null };
  }

  /** The item an event means: by its id, where the id is known, else by its place. */
  find(kind: ItemKind, { id, index }: Where): StreamItem | null {
    const byId = id === null ? undefined : this.all.findLast((item) => item.id === id || item.callId === id);
    const item = byId ?? this.#at(index);
    return item?.kind === kind ? item : null;
  }

  newest(kind: ItemKind): StreamItem | null {
    return this.all.findLast((item) => item.kind === kind && !item.isClosed) ?? null;
  }

  /** The item that stands at this place of the whole response; each is found once. */
  match(kind: ItemKind, { id, callId, index }: Where & { callId: string | null }): StreamItem | null {
    const open = this.all.filter((item) => item.kind === kind && !item.isMatched);
    const same = (a: string | null, b: string | null) => a !== null && a === b;
    return (
      open.find((item) => same(item.id, id)) ??
      open.find((item) => same(item.callId, callId)) ??
      // Calls with ids of their own are told apart by them.
      open.find((item) => item.index === index && (callId === null || item.callId === null)) ??
      (kind === 'call' ? null : (open[0] ?? null))
    );
  }

  #at(index: unknown): StreamItem | undefined {
    return typeof index === 'number' ? this.all.findLast((item) => item.index === index) : undefined;
  }
}
