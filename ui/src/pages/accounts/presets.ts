// Starting points for a new provider, so that pasting a key is enough.

export const SERVED_SURFACES = ['ANTHROPIC_MESSAGES', 'OPENAI_CHAT'] as const;
export type ServedSurface = (typeof SERVED_SURFACES)[number];

export type PresetName = 'anthropic' | 'openai' | 'custom';

export interface Preset {
  providerName: string;
  surface: ServedSurface;
  baseUrl: string;
  models: readonly string[];
}

export const PRESETS: Record<PresetName, Preset> = {
  anthropic: {
    providerName: 'anthropic',
    surface: 'ANTHROPIC_MESSAGES',
    baseUrl: 'https://api.anthropic.com',
    models: ['claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'],
  },
  openai: {
    providerName: 'openai',
    surface: 'OPENAI_CHAT',
    baseUrl: 'https://api.openai.com',
    models: ['gpt-5', 'gpt-5-mini'],
  },
  custom: { providerName: '', surface: 'OPENAI_CHAT', baseUrl: '', models: [] },
};
export const PRESET_NAMES: readonly PresetName[] = ['anthropic', 'openai', 'custom'];
