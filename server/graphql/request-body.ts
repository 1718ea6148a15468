// The body of a request to the admin API as bounded text.

/** Null when the body is longer than allowed; read no further than that. */
export async function readText(request: Request, maxBytes: number): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Members that are null are left out: they mean the same as none. Null when the text is not a JSON object. */
export function parsedJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
  } catch {
    return null;
  }
}
