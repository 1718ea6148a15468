// English messages of charts and their tables.

export const charts = {
  'chart.title': 'Requests and prompt-cache hit rate',
  'chart.hitRate': '{rate} hit rate',
  'chart.when': 'Time',
  'chart.asTable': 'Table',
  'chart.asChart': 'Chart',
  'chart.keys': '{title}: arrow keys move through it, Enter opens',
  'chart.peak': '{label}: highest {value} at {at}',
  'strip.attempts': 'Attempts',
  'strip.failed': 'Failed',
  'strip.level.none': 'no attempts',
  'strip.level.good': 'no errors',
  'strip.level.some': 'some errors',
  'strip.level.most': 'mostly errors',
  'strip.summary': '{title}: {count} times {level}',
} as const;
