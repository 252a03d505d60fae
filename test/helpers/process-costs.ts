/**
 * Owns what a process uses, as the system counts it: processor time and open sockets. Linux; for tests that look for busy loops and leaks.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The kernel's USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100;

/** Processor time of the whole process so far, in ms. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  // After the name, which may hold anything: state is field 3; utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

const PIECE_MS = 50;

/**
 * Processor time per time that a process uses while something lasts; a busy loop has 1. Looked at in short pieces of which none counts more
 * than it lasted: a virtual machine that was paused may charge the pause to the process that was running. (Seen: 11.8 s within 4.0 s, on
 * two processors, for an app that did next to nothing.)
 */
export async function processorShare(
  pid: number,
  meanwhile: () => Promise<unknown>,
): Promise<number> {
  const beganMs = performance.now();
  let [sinceMs, countedMs, usedMs] = [beganMs, processorMs(pid), 0];
  const look = (): void => {
    const [nowMs, totalMs] = [performance.now(), processorMs(pid)];
    usedMs += Math.min(totalMs - countedMs, nowMs - sinceMs);
    [sinceMs, countedMs] = [nowMs, totalMs];
  };
  const timer = setInterval(look, PIECE_MS);
  try {
    await meanwhile();
    look();
  } finally {
    clearInterval(timer);
  }
  return usedMs / (sinceMs - beganMs);
}

/** Sockets that are open now, listening ones too. */
export function openSockets(pid: number): number {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).startsWith('socket:')).length;
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    // Closed between listing and looking.
    return '';
  }
}
