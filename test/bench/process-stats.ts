// What Linux tells about a process and its children: time on the processor and resident memory.

import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, the unit of times in /proc: 100 on every architecture that matters here. */
const TICK_MS = 10;

export interface ProcessStat {
  pid: number;
  parentPid: number;
  cpuMs: number;
}

/** A line of /proc/PID/stat. The program's name is in parentheses and may itself hold spaces and parentheses. */
export function parseProcessStat(line: string): ProcessStat | null {
  const nameEnd = line.lastIndexOf(')');
  if (nameEnd < 0) return null;
  const [, parentPid, , , , , , , , , , userTicks, systemTicks] = line.slice(nameEnd + 2).split(' ');
  if (parentPid === undefined || userTicks === undefined || systemTicks === undefined) return null;
  return {
    pid: Number.parseInt(line, 10),
    parentPid: Number(parentPid),
    cpuMs: (Number(userTicks) + Number(systemTicks)) * TICK_MS,
  };
}

/** VmRSS in /proc/PID/status; 0 for a process that is about to end. */
export function parseResidentMb(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

/** The process and all that come from it. */
export function treeOf(root: number, stats: readonly ProcessStat[]): ProcessStat[] {
  const children = stats
    .filter(({ parentPid }) => parentPid === root)
    .flatMap(({ pid }) => treeOf(pid, stats));
  return [...stats.filter(({ pid }) => pid === root), ...children];
}

export function cpuMsOf(root: number): number {
  return treeOf(root, allStats()).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

export function residentMbOf(root: number): number {
  return treeOf(root, allStats()).reduce(
    (sum, { pid }) => sum + parseResidentMb(readOrEmpty(`/proc/${pid}/status`)),
    0,
  );
}

function allStats(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => parseProcessStat(readOrEmpty(`/proc/${pid}/stat`)) ?? []);
}

/** A process may end while it is looked at. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
