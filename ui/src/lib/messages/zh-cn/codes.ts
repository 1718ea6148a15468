// Simplified Chinese messages of codes of the API.

export const codes = {
  'window.default': '未命名窗口',
  'window.unified': '套餐',
  'window.5h': '5 小时',
  'window.7d': '7 天',
  'window.7d_opus': '7 天（Opus）',
  'window.7d_sonnet': '7 天（Sonnet）',
  'window.overage': '额外用量',
  'window.requests': '请求数',
  'window.tokens': 'Token 数',
  'window.input-tokens': '输入 token',
  'window.output-tokens': '输出 token',
  'window.status.allowed': '允许',
  'window.status.allowed_warning': '即将用尽',
  'window.status.rejected': '已用尽',
} as const;
