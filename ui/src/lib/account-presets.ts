// Starting points for a new provider, so that pasting a key is enough.

export const SERVED_SURFACES = [
  'ANTHROPIC_MESSAGES',
  'OPENAI_CHAT',
  'OPENAI_RESPONSES',
  'OPENAI_EMBEDDINGS',
  'GEMINI',
] as const;
export type ServedSurface = (typeof SERVED_SURFACES)[number];

export type PresetName = 'anthropic' | 'openai' | 'gemini' | 'custom';

export interface Preset {
  providerName: string;
  surface: ServedSurface;
  baseUrl: string;
  /** The first is what an account is tested with: cheap, and there for everybody. */
  models: readonly string[];
}

export const PRESETS: Record<PresetName, Preset> = {
  anthropic: {
    providerName: 'anthropic',
    surface: 'ANTHROPIC_MESSAGES',
    baseUrl: 'https://api.anthropic.com',
    models: ['claude-haiku-4-5', 'claude-sonnet-5', 'claude-opus-5', 'claude-sonnet-4-5', 'claude-opus-4-5'],
  },
  openai: {
    providerName: 'openai',
    surface: 'OPENAI_CHAT',
    baseUrl: 'https://api.openai.com',
    models: ['gpt-5-mini', 'gpt-5.5', 'gpt-5.2', 'gpt-5'],
  },
  gemini: {
    providerName: 'gemini',
    surface: 'GEMINI',
    baseUrl: 'https://generativelanguage.googleapis.com',
    models: ['gemini-2.5-flash', 'gemini-3.5-flash', 'gemini-3.1-pro-preview', 'gemini-2.5-pro'],
  },
  custom: { providerName: '', surface: 'OPENAI_CHAT', baseUrl: '', models: [] },
};

/** What an endpoint of the surface is called when nobody names it. */
export const ENDPOINT_NAMES: Record<ServedSurface, string> = {
  ANTHROPIC_MESSAGES: 'anthropic',
  OPENAI_CHAT: 'openai',
  OPENAI_RESPONSES: 'responses',
  OPENAI_EMBEDDINGS: 'embeddings',
  GEMINI: 'gemini',
};

export const PRESET_NAMES: readonly PresetName[] = ['anthropic', 'openai', 'gemini', 'custom'];
