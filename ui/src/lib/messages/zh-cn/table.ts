// Simplified Chinese messages of tables.

export const table = {
  'table.columns': '列',
  'table.chooseColumns': '选择列',
  'table.resetColumns': '恢复默认列',
  'table.moveLeft': '左移“{column}”',
  'table.moveRight': '右移“{column}”',
  'table.open': '打开',
} as const;
