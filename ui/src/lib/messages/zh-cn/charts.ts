// Simplified Chinese messages of charts and their tables.

export const charts = {
  'chart.title': '请求数与提示缓存命中率',
  'chart.hitRate': '命中率 {rate}',
  'chart.when': '时间',
  'chart.asTable': '表格',
  'chart.asChart': '图表',
  'chart.keys': '{title}：方向键移动，回车打开',
  'chart.peak': '{label}：最高 {value}，时间 {at}',
  'strip.attempts': '尝试次数',
  'strip.failed': '失败',
  'strip.level.none': '没有尝试',
  'strip.level.good': '没有错误',
  'strip.level.some': '部分出错',
  'strip.level.most': '大多出错',
  'strip.summary': '{title}：{level} {count} 段',
} as const;
