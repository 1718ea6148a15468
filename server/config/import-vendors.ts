// The providers that other gateways' configurations name: which surfaces they speak and where they are. Data.

import type { Surface } from '../wire/surface.ts';

export interface Vendor {
  name: string;
  surfaces: readonly Surface[];
  /** Null = the configuration must state it. */
  baseUrl: string | null;
  /** Environment variable that its key is in when a LiteLLM entry states none. */
  keyVariable: string | null;
}

const COMPATIBLE: readonly Surface[] = ['openai-chat'];

function vendor(
  name: string,
  baseUrl: string | null,
  keyVariable: string | null = null,
  surfaces: readonly Surface[] = COMPATIBLE,
): Vendor {
  return { name, baseUrl, keyVariable, surfaces };
}

export const OPENAI = vendor('openai', 'https://api.openai.com', 'OPENAI_API_KEY', [
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
]);
export const ANTHROPIC = vendor('anthropic', 'https://api.anthropic.com', 'ANTHROPIC_API_KEY', [
  'anthropic-messages',
]);
const GEMINI = vendor('gemini', 'https://generativelanguage.googleapis.com', 'GEMINI_API_KEY', ['gemini']);
/** Any server that speaks Chat Completions, at a base URL of its own. */
export const OPENAI_COMPATIBLE = vendor('openai-compatible', null);
const OPENROUTER = vendor('openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY');
const MISTRAL = vendor('mistral', 'https://api.mistral.ai', 'MISTRAL_API_KEY');
const GROQ = vendor('groq', 'https://api.groq.com/openai', 'GROQ_API_KEY');
const DEEPSEEK = vendor('deepseek', 'https://api.deepseek.com', 'DEEPSEEK_API_KEY');
const TOGETHER = vendor('together', 'https://api.together.xyz', 'TOGETHERAI_API_KEY');
const XAI = vendor('xai', 'https://api.x.ai', 'XAI_API_KEY');
const OLLAMA = vendor('ollama', 'http://localhost:11434');

/** By the part of a LiteLLM model before the first slash. */
export const LITELLM_VENDORS: Readonly<Record<string, Vendor>> = {
  anthropic: ANTHROPIC,
  openai: OPENAI,
  gemini: GEMINI,
  openrouter: OPENROUTER,
  mistral: MISTRAL,
  groq: GROQ,
  deepseek: DEEPSEEK,
  together_ai: TOGETHER,
  xai: XAI,
  cerebras: vendor('cerebras', 'https://api.cerebras.ai', 'CEREBRAS_API_KEY'),
  fireworks_ai: vendor('fireworks', 'https://api.fireworks.ai/inference', 'FIREWORKS_API_KEY'),
  nvidia_nim: vendor('nvidia-nim', 'https://integrate.api.nvidia.com', 'NVIDIA_NIM_API_KEY'),
  moonshot: vendor('moonshot', 'https://api.moonshot.ai', 'MOONSHOT_API_KEY'),
  ollama: OLLAMA,
  ollama_chat: OLLAMA,
  hosted_vllm: vendor('vllm', null, 'HOSTED_VLLM_API_KEY'),
  lm_studio: vendor('lm-studio', null, 'LM_STUDIO_API_KEY'),
  openai_like: OPENAI_COMPATIBLE,
  custom_openai: OPENAI_COMPATIBLE,
  litellm_proxy: vendor('litellm', null, 'LITELLM_PROXY_API_KEY'),
};

const MOONSHOT_CN = vendor('moonshot', 'https://api.moonshot.cn');
const LINGYIWANWU = vendor('lingyiwanwu', 'https://api.lingyiwanwu.com');

/** Channel types that one-api and new-api number alike. */
const SHARED_CHANNEL_TYPES: Readonly<Record<number, Vendor>> = {
  1: OPENAI,
  6: vendor('openaimax', 'https://api.openaimax.com'),
  7: vendor('ohmygpt', 'https://api.ohmygpt.com'),
  8: OPENAI_COMPATIBLE,
  14: ANTHROPIC,
  20: OPENROUTER,
  24: GEMINI,
  25: MOONSHOT_CN,
  31: LINGYIWANWU,
};

/** The numbers went separate ways: a key sent by the wrong table would reach another company. */
export const ONE_API_CHANNEL_TYPES: Readonly<Record<number, Vendor>> = {
  ...SHARED_CHANNEL_TYPES,
  28: MISTRAL,
  29: GROQ,
  30: OLLAMA,
  32: vendor('stepfun', 'https://api.stepfun.com'),
  36: DEEPSEEK,
  39: TOGETHER,
  44: vendor('siliconflow', 'https://api.siliconflow.cn'),
  45: XAI,
  50: OPENAI_COMPATIBLE,
};

export const NEW_API_CHANNEL_TYPES: Readonly<Record<number, Vendor>> = {
  ...SHARED_CHANNEL_TYPES,
  4: OLLAMA,
  40: vendor('siliconflow', 'https://api.siliconflow.cn'),
  42: MISTRAL,
  43: DEEPSEEK,
  47: vendor('xinference', null),
  48: XAI,
};

/** The types of which both tables say the same: all that can be known when the export does not tell whose it is. */
export const KNOWN_CHANNEL_TYPES = SHARED_CHANNEL_TYPES;

/** Channel types whose authentication or paths are their own, by what they are called; no base URL helps. */
export const UNSUPPORTED_CHANNEL_TYPES: Readonly<Record<number, string>> = {
  3: 'Azure OpenAI',
  11: 'PaLM',
  15: 'Baidu',
  16: 'Zhipu',
  17: 'Ali',
  18: 'Xunfei',
  23: 'Tencent',
  33: 'AWS Bedrock',
};
