// What can be listened on.

/** A host name or address as it is given to listen on: without scheme, port or brackets. */
export function isListenHost(text: string): boolean {
  return /^[A-Za-z0-9._:%-]{1,253}$/.test(text);
}
