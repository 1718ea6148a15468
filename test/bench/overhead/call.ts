// What every call of the overhead bench has in common.

export const API_KEY = 'wp_overhead_bench_key';
export const MODEL = 'bench-model';
