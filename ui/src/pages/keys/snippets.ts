// Settings that point a client at this gateway. Pure.

export type ClientName = 'claude-code' | 'openai' | 'anthropic' | 'curl';
export const CLIENT_NAMES: readonly ClientName[] = ['claude-code', 'openai', 'anthropic', 'curl'];

/** What is pasted where; `origin` is the gateway's address as the browser sees it. */
export function snippetFor(
  client: ClientName,
  { origin, secret }: { origin: string; secret: string },
): string {
  switch (client) {
    case 'claude-code':
      return `export ANTHROPIC_BASE_URL=${origin}\nexport ANTHROPIC_AUTH_TOKEN=${secret}\nclaude`;
    case 'openai':
      return `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY=${secret}`;
    case 'anthropic':
      return `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${origin}", auth_token="${secret}")`;
    case 'curl':
      return `curl ${origin}/v1/models \\\n  -H "authorization: Bearer ${secret}"`;
    default:
      return client satisfies never;
  }
}
