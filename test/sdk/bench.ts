// What a client library sees of replies and errors, made comparable.

/** Everything of an error that a program may look at; the names of its headers are compared by the caller. */
export function errorView(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) throw new Error('Cannot look at the error: it is none');
  const { name, message } = error;
  const own = Object.fromEntries(
    Object.entries(error).filter(([key]) => key !== 'headers' && key !== 'cause'),
  );
  return { class: error.constructor.name, name, message, ...own };
}

/** What the promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('Cannot find an error: the call succeeded');
}

/** The items until the end or an error. */
export async function drained<Item>(items: AsyncIterable<Item>): Promise<{ items: Item[]; error: unknown }> {
  const seen: Item[] = [];
  try {
    for await (const item of items) seen.push(item);
  } catch (error) {
    return { items: seen, error };
  }
  return { items: seen, error: null };
}
