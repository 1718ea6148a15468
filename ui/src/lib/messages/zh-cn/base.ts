// Texts that every screen may need: loaded first, in one piece.

export { charts } from './charts.ts';
export { codes } from './codes.ts';
export { routing } from './routing.ts';
export { shared } from './shared.ts';
export { shell } from './shell.ts';
export { table } from './table.ts';
