// Requests as a coding agent sends them, of a given size: tools, a system prompt, rounds of calls and results. Pure.

const WORDS =
  'the function return const value of in request provider cache (a === b) "text" { } import => \n \n \n\n file.ts await \'x\' error null ;\n // é'.split(
    / /,
  );

/** A Claude Code request of about so many KB. Small ones have no tools. */
export function promptBody(kilobytes: number): Uint8Array<ArrayBuffer> {
  const text = textSource();
  const isSmall = kilobytes < 45;
  const messages: object[] = [{ role: 'user', content: [block(text(1_500)), block('hello')] }];
  let left = kilobytes * 1_000 - (isSmall ? 1_500 : 45_000);
  for (let round = 0; left > 0; round += 1) {
    const result = Math.min([300, 800, 2_500, 9_000, 600, 4_500][round % 6] ?? 0, Math.max(100, left));
    const call = {
      type: 'tool_use',
      id: `toolu_${round}`,
      name: 'Read',
      input: { path: `/a/${round}`, limit: 200 },
    };
    messages.push({ role: 'assistant', content: [block(text(200)), call] });
    const reply = { tool_use_id: call.id, type: 'tool_result', content: text(result) };
    messages.push({
      role: 'user',
      content: [left > 10_000 ? reply : { ...reply, cache_control: { type: 'ephemeral' } }],
    });
    left -= 450 + result * 1.05;
  }
  const fixed = isSmall ? { system: 'Be brief.' } : { system: systemBlocks(text), tools: tools(text) };
  const body = { model: 'claude-sonnet-4-5', messages, ...fixed, max_tokens: 32_000, stream: true };
  return new TextEncoder().encode(JSON.stringify(body));
}

function systemBlocks(text: (length: number) => string): object[] {
  const cache_control = { type: 'ephemeral' };
  return [
    block('x-anthropic-billing-header: cc_version=2.1.1; cch=abcde;'),
    { ...block('You are a coding agent.'), cache_control },
    { ...block(text(12_000)), cache_control },
  ];
}

function tools(text: (length: number) => string): object[] {
  return Array.from({ length: 18 }, (_, at) => ({
    name: `Tool${at}`,
    description: text(1_200),
    input_schema: {
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 6 }, (_, place) => [`field${place}`, { type: 'string', description: text(80) }]),
      ),
      required: ['field0'],
      additionalProperties: false,
    },
  }));
}

function block(text: string): { type: string; text: string } {
  return { type: 'text', text };
}

/** Filler with line breaks and quotes about as dense as in code; the same in every run. */
function textSource(): (length: number) => string {
  let seed = 7;
  return (length) => {
    let text = '';
    while (text.length < length) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      text += `${WORDS[(seed >>> 8) % WORDS.length]} `;
    }
    return text;
  };
}
