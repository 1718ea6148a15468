// English messages of codes of the API.

export const codes = {
  'window.default': 'Unnamed window',
  'window.unified': 'Plan',
  'window.5h': '5 hours',
  'window.7d': '7 days',
  'window.7d_opus': '7 days, Opus',
  'window.7d_sonnet': '7 days, Sonnet',
  'window.overage': 'Extra usage',
  'window.requests': 'Requests',
  'window.tokens': 'Tokens',
  'window.input-tokens': 'Input tokens',
  'window.output-tokens': 'Output tokens',
  'window.status.allowed': 'allowed',
  'window.status.allowed_warning': 'nearly used up',
  'window.status.rejected': 'used up',
} as const;
