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
  { origin, secret, model: named = null }: { origin: string; secret: string; model?: string | null },
): string {
  // Other names would have to be quoted, in each client's own way.
  const model = named !== null && /^[\w.:@/-]+$/.test(named) ? named : null;
  const flag = model === null ? '' : ` --model ${model}`;
  switch (client) {
    case 'claude-code':
      return `export ANTHROPIC_BASE_URL=${origin}\nexport ANTHROPIC_AUTH_TOKEN=${secret}\nclaude${flag}`;
    case 'codex':
      return codexConfig(origin, secret, model);
    case 'opencode':
      return openCodeConfig(origin, secret, model);
    case 'gemini-cli':
      return `export GOOGLE_GEMINI_BASE_URL=${origin}\nexport GEMINI_API_KEY=${secret}\ngemini${flag}`;
    case 'openai':
      return `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY=${secret}`;
    case 'anthropic':
      return `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${origin}", auth_token="${secret}")`;
    case 'curl':
      return curlCommand(origin, secret, model);
    default:
      return client satisfies never;
  }
}

/** Codex reads its provider from a file and the key from the environment; it speaks Responses only. */
function codexConfig(origin: string, secret: string, model: string | null): string {
  return [
    '# ~/.codex/config.toml',
    ...(model === null ? [] : [`model = "${model}"`]),
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
function openCodeConfig(origin: string, secret: string, model: string | null): string {
  const provider = {
    npm: '@ai-sdk/anthropic',
    name: 'Warmpath',
    options: { baseURL: `${origin}/v1`, apiKey: '{env:WARMPATH_API_KEY}' },
    models: { [model ?? 'claude-sonnet-4-5']: {} },
  };
  const config = { $schema: 'https://opencode.ai/config.json', provider: { warmpath: provider } };
  return `// opencode.json\n${JSON.stringify(config, null, 2)}\n\n// in the shell: export WARMPATH_API_KEY=${secret}`;
}

/** A real request, if it is known what to ask for: a list of models would not show in the log. */
function curlCommand(origin: string, secret: string, model: string | null): string {
  const header = `-H "authorization: Bearer ${secret}"`;
  if (model === null) return `curl ${origin}/v1/models \\\n  ${header}`;
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
  return `curl ${origin}/v1/chat/completions \\\n  ${header} \\\n  -H "content-type: application/json" \\\n  -d '${body}'`;
}
