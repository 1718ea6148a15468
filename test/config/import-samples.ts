// Configurations of other gateways as people have them. Every key is made up.

export const LITELLM = `
model_list:
  - model_name: sonnet
    litellm_params:
      model: anthropic/claude-sonnet-4-5-20250929
      api_key: os.environ/ANTHROPIC_API_KEY_A
      rpm: 50
  - model_name: sonnet
    litellm_params:
      model: anthropic/claude-sonnet-4-5-20250929
      api_key: os.environ/ANTHROPIC_API_KEY_B
      weight: 3
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: sk-literal-openai-key-1
      api_base: https://api.openai.com/v1/
  - model_name: embed
    litellm_params:
      model: text-embedding-3-small
      api_key: sk-literal-openai-key-1
  - model_name: local
    litellm_params:
      model: openai/qwen3-32b
      api_base: http://10.0.0.7:8000/v1
  - model_name: flash
    litellm_params:
      model: gemini/gemini-2.5-flash
      litellm_credential_name: google
  - model_name: azure-gpt
    litellm_params:
      model: azure/my-deployment
      api_key: os.environ/AZURE_API_KEY
  - model_name: bedrock
    litellm_params:
      model: bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0
credential_list:
  - credential_name: google
    credential_values: { api_key: os.environ/GEMINI_API_KEY }
environment_variables:
  GEMINI_API_KEY: AIza-literal-in-the-file
router_settings:
  routing_strategy: simple-shuffle
  fallbacks: [{ sonnet: [gpt-4o] }]
  model_group_alias:
    claude: sonnet
    gpt: { model: gpt-4o, hidden: true }
    nothing: missing-model
litellm_settings:
  drop_params: true
general_settings:
  master_key: sk-a-master-key-of-litellm
`;

/** As new-api's own API answers: several keys in one channel, one of them switched off, one channel disabled. */
export const NEW_API = JSON.stringify({
  success: true,
  data: {
    items: [
      {
        id: 1,
        type: 14,
        name: 'claude pool',
        key: 'sk-ant-one-00000001\nsk-ant-two-00000002\n',
        status: 1,
        base_url: '',
        models: 'claude-sonnet-4-5,claude-haiku-4-5',
        model_mapping: '{"claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}',
        group: 'default,vip',
        priority: 10,
        weight: 5,
        channel_info: { is_multi_key: true, multi_key_status_list: { 1: 2 } },
      },
      {
        id: 2,
        type: 43,
        name: 'deepseek',
        key: 'sk-deepseek-0001',
        status: 2,
        base_url: null,
        models: 'deepseek-chat',
        model_mapping: null,
        group: 'default',
        priority: 0,
        weight: 0,
      },
      {
        id: 3,
        type: 1,
        name: 'proxy',
        key: 'sk-proxy-000001',
        status: 1,
        base_url: 'https://llm.example.com/v1',
        models: 'gpt-4o, text-embedding-3-small',
        model_mapping: '',
      },
      {
        id: 4,
        type: 3,
        name: 'azure',
        key: 'k-azure-00001',
        status: 1,
        base_url: 'https://x.azure.com',
        models: 'a',
      },
      { id: 5, type: 36, name: 'suno', key: 'k-suno-000001', status: 1, base_url: '', models: 'suno-v3' },
    ],
  },
});
