// Settings that point a client at this gateway. Pure.

export const CLIENT_NAMES = [
  'claude-code',
  'codex',
  'opencode',
  'gemini-cli',
  'openai',
  'anthropic',
  'curl',
] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

/** What is pasted where; `origin` is the gateway's address as the browser sees it. */
export function snippetFor(
  client: ClientName,
  { origin, secret }: { origin: string; secret: string },
): string {
  switch (client) {
    case 'claude-code':
      return `export ANTHROPIC_BASE_URL=${origin}\nexport ANTHROPIC_AUTH_TOKEN=${secret}\nclaude`;
    case 'codex':
      return codexConfig(origin, secret);
    case 'opencode':
      return openCodeConfig(origin, secret);
    case 'gemini-cli':
      return `export GOOGLE_GEMINI_BASE_URL=${origin}\nexport GEMINI_API_KEY=${secret}\ngemini`;
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

/** Codex reads its provider from a file and the key from the environment; it speaks Responses only. */
function codexConfig(origin: string, secret: string): string {
  return [
    '# ~/.codex/config.toml',
    'model_provider = "warmpath"',
    '',
    '[model_providers.warmpath]',
    'name = "Warmpath"',
    `base_url = "${origin}/v1"`,
    'env_key = "WARMPATH_API_KEY"',
    'wire_api = "responses"',
    '',
    `# in the shell: export WARMPATH_API_KEY=${secret}`,
  ].join('\n');
}

/** OpenCode keeps providers in a JSON file and takes the key from the environment. */
function openCodeConfig(origin: string, secret: string): string {
  const provider = {
    npm: '@ai-sdk/anthropic',
    name: 'Warmpath',
    options: { baseURL: `${origin}/v1`, apiKey: '{env:WARMPATH_API_KEY}' },
    models: { 'claude-sonnet-4-5': {} },
  };
  const config = { $schema: 'https://opencode.ai/config.json', provider: { warmpath: provider } };
  return `// opencode.json\n${JSON.stringify(config, null, 2)}\n\n// in the shell: export WARMPATH_API_KEY=${secret}`;
}
