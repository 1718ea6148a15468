// Where a credential may be sent: the origins of its provider's endpoints at the time it was given.

/** Origins (`https://host:port`) of the endpoints, each once, in order. */
export function originsOf(endpoints: readonly { baseUrl: string }[]): string[] {
  const usable = endpoints.filter(({ baseUrl }) => URL.canParse(baseUrl));
  return [...new Set(usable.map(({ baseUrl }) => new URL(baseUrl).origin))].sort();
}
