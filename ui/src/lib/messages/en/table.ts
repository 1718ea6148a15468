// English messages of tables.

export const table = {
  'table.columns': 'Columns',
  'table.chooseColumns': 'Choose columns',
  'table.resetColumns': 'Reset columns',
  'table.moveLeft': 'Move {column} left',
  'table.moveRight': 'Move {column} right',
  'table.open': 'Open',
} as const;
