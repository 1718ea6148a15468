// Ready-to-paste client settings for a running gateway. Pure.

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
  return [
    claudeCode(target),
    codex(target),
    geminiCli(target),
    openCode(target),
    openAiSdk(target),
    anthropicSdk(target),
  ];
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

/** Codex speaks Responses only; what runs at OpenAI alone it may not offer when another provider answers. */
function codex({ origin, apiKey, models }: SnippetTarget): Snippet {
  return {
    title: 'Codex (~/.codex/config.toml)',
    note: null,
    lines: [
      `model = "${models.openai ?? models.anthropic ?? PLACEHOLDER_MODEL}"`,
      'model_provider = "warmpath"',
      '',
      '[model_providers.warmpath]',
      'name = "Warmpath"',
      `base_url = "${origin}/v1"`,
      'env_key = "WARMPATH_API_KEY"',
      'wire_api = "responses"',
      '',
      `# in the shell: export WARMPATH_API_KEY=${apiKey}`,
    ],
  };
}

function geminiCli({ origin, apiKey, models }: SnippetTarget): Snippet {
  return {
    title: 'Gemini CLI',
    note: null,
    lines: [
      `export GOOGLE_GEMINI_BASE_URL=${origin}`,
      `export GEMINI_API_KEY=${apiKey}`,
      `gemini --model ${models.openai ?? models.anthropic ?? PLACEHOLDER_MODEL}`,
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
    title: 'OpenAI SDKs',
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
