// Ready-to-paste client settings for a running gateway. Pure. Says honestly what this version does not serve.

export interface SnippetTarget {
  /** Where clients reach the gateway, without a trailing slash: `http://127.0.0.1:8787`. */
  origin: string;
  apiKey: string;
  /** A model that answers on each surface; null = none is configured yet. */
  models: { anthropic: string | null; openai: string | null };
}

export interface Snippet {
  title: string;
  /** Text to read, then lines to paste. */
  note: string | null;
  lines: readonly string[];
}

const PLACEHOLDER_MODEL = 'YOUR-MODEL';

export function clientSnippets(target: SnippetTarget): Snippet[] {
  return [claudeCode(target), codex(target), openCode(target), openAiSdk(target), anthropicSdk(target)];
}

function claudeCode({ origin, apiKey, models }: SnippetTarget): Snippet {
  return {
    title: 'Claude Code',
    note: null,
    lines: [
      `export ANTHROPIC_BASE_URL=${origin}`,
      `export ANTHROPIC_AUTH_TOKEN=${apiKey}`,
      `claude --model ${models.anthropic ?? PLACEHOLDER_MODEL}`,
    ],
  };
}

/** Codex dropped the Chat wire API early in 2026; its Responses API is not served yet. */
function codex({ origin, apiKey, models }: SnippetTarget): Snippet {
  return {
    title: 'Codex (~/.codex/config.toml)',
    note:
      'Current releases speak only the OpenAI Responses API, which this version of Warmpath does not serve.\n' +
      'Older releases that still accept wire_api = "chat" work with:',
    lines: [
      `model = "${models.openai ?? PLACEHOLDER_MODEL}"`,
      'model_provider = "warmpath"',
      '',
      '[model_providers.warmpath]',
      'name = "Warmpath"',
      `base_url = "${origin}/v1"`,
      'env_key = "WARMPATH_API_KEY"',
      'wire_api = "chat"',
      '',
      `# in the shell: export WARMPATH_API_KEY=${apiKey}`,
    ],
  };
}

function openCode({ origin, apiKey, models }: SnippetTarget): Snippet {
  const provider = (npm: string, model: string | null) => ({
    npm,
    options: { baseURL: `${origin}/v1`, apiKey },
    models: { [model ?? PLACEHOLDER_MODEL]: {} },
  });
  const config = {
    $schema: 'https://opencode.ai/config.json',
    provider: {
      'warmpath-anthropic': provider('@ai-sdk/anthropic', models.anthropic),
      'warmpath-openai': provider('@ai-sdk/openai-compatible', models.openai),
    },
  };
  return {
    title: 'OpenCode (opencode.json)',
    note: null,
    lines: JSON.stringify(config, null, 2).split('\n'),
  };
}

function openAiSdk({ origin, apiKey }: SnippetTarget): Snippet {
  return {
    title: 'OpenAI SDKs (chat completions)',
    note: null,
    lines: [`export OPENAI_BASE_URL=${origin}/v1`, `export OPENAI_API_KEY=${apiKey}`],
  };
}

function anthropicSdk({ origin, apiKey }: SnippetTarget): Snippet {
  return {
    title: 'Anthropic SDKs',
    note: null,
    lines: [`export ANTHROPIC_BASE_URL=${origin}`, `export ANTHROPIC_API_KEY=${apiKey}`],
  };
}
